"""The pages: /sample-module/…

Plain forms that work without JavaScript: a form is posted to a page of its own, and a success leads back to the list.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response, status
from fastapi.responses import RedirectResponse
from klods import get_db, render
from pydantic import ValidationError
from sqlalchemy.orm import Session

from ..models import Item
from ..schemas.item import ItemId, ItemIn, PageNumber, Search
from ..services import item_service

router = APIRouter()

Db = Annotated[Session, Depends(get_db)]
Field = Annotated[str, Form()]


@router.get("")
def list_page(request: Request, db: Db, search: Search = "", page: PageNumber = 1) -> Response:
    """Show the items, page by page, and a search box."""
    return render(request, "index.html", found=item_service.find_items(db, search, page), search=search)


@router.get("/new")
def new_page(request: Request) -> Response:
    """Show an empty form."""
    return render(request, "form.html", item=None, name="", notes="", wrong=())


@router.post("/new")
def create(request: Request, db: Db, name: Field = "", notes: Field = "") -> Response:
    """Create an item, or show the form again with what is wrong."""
    try:
        item_service.add_item(db, ItemIn(name=name, notes=notes))
    except ValidationError as error:
        return _form_again(request, None, name, notes, error)
    return _back_to_list()


@router.get("/{item_id}")
def edit_page(request: Request, db: Db, item_id: ItemId) -> Response:
    """Show the form with the values of an item."""
    item = item_service.get_item(db, item_id)
    return render(request, "form.html", item=item, name=item.name, notes=item.notes, wrong=())


@router.post("/{item_id}")
def update(request: Request, db: Db, item_id: ItemId, name: Field = "", notes: Field = "") -> Response:
    """Change an item, or show the form again with what is wrong."""
    item = item_service.get_item(db, item_id)
    try:
        item_service.change_item(db, item_id, ItemIn(name=name, notes=notes))
    except ValidationError as error:
        return _form_again(request, item, name, notes, error)
    return _back_to_list()


@router.post("/{item_id}/delete")
def delete(db: Db, item_id: ItemId) -> Response:
    """Delete an item."""
    item_service.remove_item(db, item_id)
    return _back_to_list()


def _form_again(request: Request, item: Item | None, name: str, notes: str, error: ValidationError) -> Response:
    wrong = [problem["loc"][0] for problem in error.errors()]
    return render(request, "form.html", status_code=422, item=item, name=name, notes=notes, wrong=wrong)


def _back_to_list() -> Response:
    return RedirectResponse("/sample-module", status.HTTP_303_SEE_OTHER)
