"""The pages: /sample-module/…

Plain forms that work without JavaScript: a form is posted to a page of its own, and a success leads back to the list.
"""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response, status
from fastapi.responses import RedirectResponse
from klods import render
from pydantic import ValidationError

from ..backend import items
from ..backend.schemas import Item, ItemId, ItemIn, PageNumber, Search

router = APIRouter()

Field = Annotated[str, Form()]


@router.get("")
def list_page(request: Request, search: Search = "", page: PageNumber = 1) -> Response:
    """Show the items, page by page, and a search box."""
    return render(request, "index.html", found=items.find_items(search, page), search=search)


@router.get("/new")
def new_page(request: Request) -> Response:
    """Show an empty form."""
    return render(request, "form.html", item=None, name="", notes="", wrong=())


@router.post("/new")
def create(request: Request, name: Field = "", notes: Field = "") -> Response:
    """Create an item, or show the form again with what is wrong."""
    try:
        items.add_item(ItemIn(name=name, notes=notes))
    except ValidationError as error:
        return _form_again(request, None, name, notes, error)
    return _back_to_list()


@router.get("/{item_id}")
def edit_page(request: Request, item_id: ItemId) -> Response:
    """Show the form with the values of an item."""
    item = _existing(item_id)
    return render(request, "form.html", item=item, name=item.name, notes=item.notes, wrong=())


@router.post("/{item_id}")
def update(request: Request, item_id: ItemId, name: Field = "", notes: Field = "") -> Response:
    """Change an item, or show the form again with what is wrong."""
    item = _existing(item_id)
    try:
        items.change_item(item_id, ItemIn(name=name, notes=notes))
    except ValidationError as error:
        return _form_again(request, item, name, notes, error)
    return _back_to_list()


@router.post("/{item_id}/delete")
def delete(item_id: ItemId) -> Response:
    """Delete an item."""
    if not items.remove_item(item_id):
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return _back_to_list()


def _existing(item_id: int) -> Item:
    item = items.get_item(item_id)
    if item is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    return item


def _form_again(request: Request, item: Item | None, name: str, notes: str, error: ValidationError) -> Response:
    wrong = [problem["loc"][0] for problem in error.errors()]
    return render(request, "form.html", status_code=422, item=item, name=name, notes=notes, wrong=wrong)


def _back_to_list() -> Response:
    return RedirectResponse("/sample-module", status.HTTP_303_SEE_OTHER)
