"""The pages: /sample-module/…

Tables and forms of the page kit, which work without JavaScript: a form is posted to a page of its own, and a success
leads back to the list.
"""

from fastapi import APIRouter, HTTPException, Request, Response, status
from klods import Column, Submitted, Table, form_of, redirect, render

from ..backend import items
from ..backend.schemas import Item, ItemId, ItemIn

router = APIRouter()

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
    found = ITEMS.ask(request).select(items.ALL)
    return found.export() or render(request, "index.html", items=found)


@router.get("/new")
def new_page(request: Request) -> Response:
    """Show an empty form."""
    return render(request, "form.html", form=ITEM.blank(), item=None)


@router.post("/new")
def create(request: Request, sent: Submitted) -> Response:
    """Create an item, or show the form again with what is wrong."""
    form = ITEM.read(sent)
    if form.value is None:
        return render(request, "form.html", status_code=422, form=form, item=None)
    items.add_item(form.value)
    return redirect(HOME, toast="toast.saved", name=form.value.name)


@router.get("/{item_id}")
def edit_page(request: Request, item_id: ItemId) -> Response:
    """Show the form with the values of an item."""
    item = _existing(item_id)
    return render(request, "form.html", form=ITEM.of(item), item=item)


@router.post("/{item_id}")
def update(request: Request, item_id: ItemId, sent: Submitted) -> Response:
    """Change an item, or show the form again with what is wrong."""
    item, form = _existing(item_id), ITEM.read(sent)
    if form.value is None:
        return render(request, "form.html", status_code=422, form=form, item=item)
    items.change_item(item_id, form.value)
    return redirect(HOME, toast="toast.saved", name=form.value.name)


@router.get("/{item_id}/delete")
def delete_page(request: Request, item_id: ItemId) -> Response:
    """Say what will happen: a page, and a dialog where there is JavaScript."""
    return render(request, "delete.html", item=_existing(item_id))


@router.post("/{item_id}/delete")
def delete(item_id: ItemId) -> Response:
    """Delete an item."""
    item = _existing(item_id)
    items.remove_item(item_id)
    return redirect(HOME, toast="toast.deleted", name=item.name)


def _existing(item_id: int) -> Item:
    item = items.get_item(item_id)
    if item is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return item
