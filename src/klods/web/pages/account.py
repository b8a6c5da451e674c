"""The page on which people change what is known about themselves; it works without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from klods.db.people.accounts import Account
from klods.errors import KlodsError
from klods.web.administration.own_account import Known, Mine
from klods.web.auth.credentials import visitor
from klods.web.errors import status_of
from klods.web.pages.rendering import redirect, render
from klods.web.storable import PLAIN

router = APIRouter(prefix="/auth/account", include_in_schema=False)

Text = Annotated[str, Form(max_length=200, pattern=PLAIN)]
Field = Annotated[str, Form()]


def _present(mine: Mine) -> Account:
    return mine.read()


Present = Annotated[Account, Depends(_present)]


@router.get("")
def account_form(request: Request, present: Present) -> Response:
    """The form with what is known."""
    return _show(request, present, name=present.name, email=present.email)


@router.post("")
async def change_account(
    request: Request, mine: Mine, present: Present, name: Text = "", email: Text = "", password: Field = ""
) -> Response:
    """Save it, or show the form again with what is wrong."""
    try:
        await mine.change(Known(name, email), password, visitor(request.scope))
    except KlodsError as error:
        return _show(request, present, name=name, email=email, error=error)
    return redirect("/auth/account", toast="toast.account_changed")


def _show(request: Request, present: Account, *, name: str, email: str, error: KlodsError | None = None) -> Response:
    return render(
        request,
        "klods/account.html",
        status_code=status_of(error) if error else 200,
        account=present,
        name=name,
        email=email,
        error=error,
    )
