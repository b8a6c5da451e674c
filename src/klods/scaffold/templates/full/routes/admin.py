"""The API for administrators: /api/admin/sample-module/…"""

from typing import Annotated

from fastapi import APIRouter, Depends
from klods import get_db
from sqlalchemy.orm import Session

from ..models import Item
from ..schemas.item import ItemId, ItemOut, Statistics
from ..services import item_service

admin_router = APIRouter(prefix="/api/admin/sample-module", tags=["Sample Module, administration"])

Db = Annotated[Session, Depends(get_db)]


@admin_router.get("/statistics")
def statistics(db: Db) -> Statistics:
    """Count the items."""
    return item_service.count_items(db)


@admin_router.post("/items/{item_id}/archive", response_model=ItemOut)
def archive_item(db: Db, item_id: ItemId) -> Item:
    """Set an item aside: lists no longer show it."""
    return item_service.archive_item(db, item_id, archived=True)


@admin_router.post("/items/{item_id}/restore", response_model=ItemOut)
def restore_item(db: Db, item_id: ItemId) -> Item:
    """Take an item back into the lists."""
    return item_service.archive_item(db, item_id, archived=False)
