"""What other modules may call, when they name this one in their `requires`. It runs in the caller's transaction."""

from klods import get_db

from .contracts import ItemSummary
from .services import item_service


def get_item(item_id: int) -> ItemSummary:
    """The item in brief; raise `ItemNotFound` when there is none with that id."""
    item = item_service.get_item(get_db(), item_id)
    return ItemSummary(item.id, item.name)
