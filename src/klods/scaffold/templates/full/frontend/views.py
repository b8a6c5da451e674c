"""The pages: /sample-module/…

Tables and forms of the page kit, which work without JavaScript: a form is posted to a page of its own, and a success
leads back to the list.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from klods import Column, Submitted, Table, form_of, get_db, redirect, render
from sqlalchemy.orm import Session

from ..schemas.item import ItemId, ItemIn, ItemOut
from ..services import item_service

router = APIRouter()

Db = Annotated[Session, Depends(get_db)]

HOME = "/sample-module"
ITEMS = Table(
    Column("name", "item.name", link="/sample-module/{id}", finds=True),
    Column("notes", "item.notes", finds=True, sorts=False),
    Column("updated_at", "item.updated", kind="time", filters=True),
)
ITEM = form_of(ItemIn, labels="item")


@router.get("")
def list_page(request: Request) -> Response:
    """Show the items as a table, or as the file that was asked for."""
    found = ITEMS.ask(request).select(item_service.ALL)
    return found.export() or render(request, "index.html", items=found)


@router.get("/new")
def new_page(request: Request) -> Response:
    """Show an empty form."""
    return render(request, "form.html", form=ITEM.blank(), item=None)


@router.post("/new")
def create(request: Request, db: Db, sent: Submitted) -> Response:
    """Create an item, or show the form again with what is wrong."""
    form = ITEM.read(sent)
    if form.value is None:
        return render(request, "form.html", status_code=422, form=form, item=None)
    item_service.add_item(db, form.value)
    return redirect(HOME, toast="toast.saved", name=form.value.name)


@router.get("/{item_id}")
def edit_page(request: Request, db: Db, item_id: ItemId) -> Response:
    """Show the form with the values of an item."""
    item = _existing(db, item_id)
    return render(request, "form.html", form=ITEM.of(item), item=item)


@router.post("/{item_id}")
def update(request: Request, db: Db, item_id: ItemId, sent: Submitted) -> Response:
    """Change an item, or show the form again with what is wrong."""
    item, form = _existing(db, item_id), ITEM.read(sent)
    if form.value is None:
        return render(request, "form.html", status_code=422, form=form, item=item)
    item_service.change_item(db, item_id, form.value)
    return redirect(HOME, toast="toast.saved", name=form.value.name)


@router.get("/{item_id}/delete")
def delete_page(request: Request, db: Db, item_id: ItemId) -> Response:
    """Say what will happen: a page, and a dialog where there is JavaScript."""
    return render(request, "delete.html", item=_existing(db, item_id))


@router.post("/{item_id}/delete")
def delete(db: Db, item_id: ItemId) -> Response:
    """Delete an item."""
    item = _existing(db, item_id)
    item_service.remove_item(db, item_id)
    return redirect(HOME, toast="toast.deleted", name=item.name)


def _existing(db: Session, item_id: int) -> ItemOut:
    return ItemOut.model_validate(item_service.get_item(db, item_id))
