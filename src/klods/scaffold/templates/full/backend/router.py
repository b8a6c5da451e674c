"""The API: /api/v1/sample-module/…"""

from typing import Annotated

from fastapi import APIRouter, Depends, status
from klods import get_db
from sqlalchemy.orm import Session

from ..models import Item
from ..schemas.item import ItemId, ItemIn, ItemOut, ItemPage, PageNumber, PageSize, Search
from ..services import item_service

router = APIRouter(tags=["Sample Module"])

Db = Annotated[Session, Depends(get_db)]


@router.get("/items")
def list_items(db: Db, search: Search = "", page: PageNumber = 1, per_page: PageSize = None) -> ItemPage:
    """List items by name, page by page."""
    return item_service.find_items(db, search, page, per_page)


@router.get("/items/{item_id}", response_model=ItemOut)
def get_item(db: Db, item_id: ItemId) -> Item:
    """Get one item."""
    return item_service.get_item(db, item_id)


@router.post("/items", response_model=ItemOut, status_code=status.HTTP_201_CREATED)
def create_item(db: Db, values: ItemIn) -> Item:
    """Create an item."""
    return item_service.add_item(db, values)


@router.put("/items/{item_id}", response_model=ItemOut)
def update_item(db: Db, item_id: ItemId, values: ItemIn) -> Item:
    """Replace what an item says."""
    return item_service.change_item(db, item_id, values)


@router.delete("/items/{item_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_item(db: Db, item_id: ItemId) -> None:
    """Delete an item."""
    item_service.remove_item(db, item_id)
