"""The first page after signing in: the modules that are there to be used."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from klods.kernel.collation import collation
from klods.web.asgi_scope import PAGES, locale_of, open_features
from klods.web.asking import SignedIn
from klods.web.pages.rendering import Pages, render

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, subject: SignedIn) -> Response:
    """A card for every enabled module, with the way into it."""
    pages: Pages = request.scope[PAGES]
    locale = locale_of(request.scope)
    links = pages.links_by_module(subject, locale, open_features(request.scope))
    cards = [(wording, links[wording.module.code]) for wording in pages.wordings(subject, locale)]
    cards.sort(key=lambda card: collation(locale).key(card[0].name))
    return render(request, "klods/home.html", cards=[card for card in cards if card[1] is not None])
