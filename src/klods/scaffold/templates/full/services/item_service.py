"""Items: finding, changing and setting them aside.

There is no commit: a request is one transaction, kept when the answer is a success and undone when it is not.
"""

from datetime import UTC, datetime

from klods import get_module_config
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ..exceptions import ItemNotFound
from ..models import Item
from ..schemas.item import ItemIn, ItemOut, ItemPage, Statistics

ALL = "SELECT id, name, notes, updated_at FROM sample_table_items WHERE archived_at IS NULL"
"""What the table on the page chooses from."""


def find_items(db: Session, search: str = "", page: int = 1, per_page: int | None = None) -> ItemPage:
    """One page of the items that are not archived and whose name contains the search text, by name."""
    size = per_page or int(get_module_config("sample-module", "per_page", default="25"))
    matching = (Item.archived_at.is_(None), _name_contains(search))
    total = db.scalars(select(func.count()).select_from(Item).where(*matching)).one()
    ordered = select(Item).where(*matching).order_by(func.lower(Item.name), Item.id)
    rows = db.scalars(ordered.limit(size).offset((page - 1) * size))
    found = [ItemOut.model_validate(row) for row in rows]
    return ItemPage(items=found, total=total, page=page, per_page=size)


def get_item(db: Session, item_id: int) -> Item:
    """The item; raise `ItemNotFound` when there is none with that id."""
    item = db.get(Item, item_id)
    if item is None:
        raise ItemNotFound(item_id=item_id)
    return item


def add_item(db: Session, values: ItemIn) -> Item:
    """Store a new item."""
    item = Item(name=values.name, notes=values.notes)
    db.add(item)
    return _stored(db, item)


def change_item(db: Session, item_id: int, values: ItemIn) -> Item:
    """Replace what an item says."""
    item = get_item(db, item_id)
    item.name, item.notes = values.name, values.notes
    return _stored(db, item)


def remove_item(db: Session, item_id: int) -> None:
    """Delete an item for good."""
    db.delete(get_item(db, item_id))
    db.flush()


def archive_item(db: Session, item_id: int, *, archived: bool) -> Item:
    """Set an item aside, or take it back."""
    item = get_item(db, item_id)
    item.archived_at = datetime.now(UTC) if archived else None
    return _stored(db, item)


def count_items(db: Session) -> Statistics:
    """How many items there are, and how many of them are archived."""
    counts = select(func.count(), func.count(Item.archived_at)).select_from(Item)
    total, archived = db.execute(counts).one()
    return Statistics(active=total - archived, archived=archived)


def _name_contains(search: str) -> ColumnElement[bool]:
    return func.strpos(func.lower(Item.name), func.lower(search)) > 0


def _stored(db: Session, item: Item) -> Item:
    db.flush()
    db.refresh(item)
    return item
