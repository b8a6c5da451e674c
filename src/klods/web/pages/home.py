"""The first page after signing in: the modules that are there to be used."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from klods.web.asgi_scope import PAGES, locale_of
from klods.web.asking import SignedIn
from klods.web.pages.menu import menu
from klods.web.pages.rendering import Pages, render

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, subject: SignedIn) -> Response:
    """A card for every enabled module, with the way into it."""
    pages: Pages = request.scope[PAGES]
    wordings = pages.wordings(subject, locale_of(request.scope))
    cards = [(wording, menu([wording], subject.kind)) for wording in wordings]
    return render(request, "klods/home.html", cards=cards)
