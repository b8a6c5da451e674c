"""The API: /api/v1/sample-module/…"""

from fastapi import APIRouter, HTTPException, status
from klods import execute_query

from . import items
from .schemas import Item, ItemId, ItemIn, ItemPage, PageNumber, PageSize, Search

router = APIRouter(tags=["Sample Module"])


@router.get("/health")
def health() -> dict[str, str | int]:
    """Whether the module can do its work: its table answers."""
    rows = execute_query("SELECT count(*) AS items FROM sample_table_items")
    return {"status": "healthy", "module": "sample-module", "items": rows[0]["items"]}


@router.get("/items")
def list_items(search: Search = "", page: PageNumber = 1, per_page: PageSize = 25) -> ItemPage:
    """List items by name, page by page."""
    return items.find_items(search, page, per_page)


@router.get("/items/{item_id}")
def get_item(item_id: ItemId) -> Item:
    """Get one item."""
    return _existing(item_id)


@router.post("/items", status_code=status.HTTP_201_CREATED)
def create_item(values: ItemIn) -> Item:
    """Create an item."""
    return _existing(items.add_item(values))


@router.put("/items/{item_id}")
def update_item(item_id: ItemId, values: ItemIn) -> Item:
    """Replace what an item says."""
    items.change_item(item_id, values)
    return _existing(item_id)


@router.delete("/items/{item_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_item(item_id: ItemId) -> None:
    """Delete an item."""
    if not items.remove_item(item_id):
        raise _not_found(item_id)


def _existing(item_id: int) -> Item:
    item = items.get_item(item_id)
    if item is None:
        raise _not_found(item_id)
    return item


def _not_found(item_id: int) -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, f"There is no item {item_id}.")
