"""What other modules may call that require this one: it runs in this module's role, in the caller's transaction."""

from klods import api, get_db

from .contracts import ItemSummary
from .services import item_service


@api
def get_item(item_id: int) -> ItemSummary:
    """The item in brief; raise `ItemNotFound` when there is none with that id."""
    item = item_service.get_item(get_db(), item_id)
    return ItemSummary(item.id, item.name)
