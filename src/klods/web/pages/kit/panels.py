"""Panels: pieces that a module shows on pages of others, each fetched through the gate, so that a bad one is a box with a reason."""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from klods.web.auth.origin import stays_here
from klods.web.engine.offers import SEARCH, Offer
from klods.web.pages.rendering import render

MOST_FOUND = 20
"""How many results one module shows."""

PLACE = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+\Z")
Words = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Found:
    """One result of a search: what it is called, where it is, and what else helps to recognise it."""

    title: str
    path: str
    text: str = ""

    def __post_init__(self) -> None:
        if not stays_here(self.path):
            message = f"a result lies in this hub, so its path begins with one slash, not {self.path!r}"
            raise ValueError(message)


class Panels(APIRouter):
    """What the file ``panels.py`` of a module holds: ``panels = Panels()``, with a function for each piece."""

    def __init__(self) -> None:
        super().__init__()
        self.offers: list[Offer] = []

    def panel(self, place: str, title: str, *, order: int = 100) -> Callable[[Handler], Handler]:
        """Offer what the function renders to pages with that place, like ``customers.customer``.

        Its parameters are those that the place gives, and a dependency or permission guards it as it guards any route.
        """
        if not PLACE.match(place):
            message = f"{place!r} is no place of a page: it is written like customers.customer"
            raise ValueError(message)

        def offer(handler: Handler) -> Handler:
            self._offer(handler, Offer(place, f"/-/panels/{handler.__name__}", title, order))
            return handler

        return offer

    def search(self, title: str, *, order: int = 100) -> Callable[[Handler], Handler]:
        """Let the search box of the hub look here: the function takes the words and returns `Found` values, the best first."""

        def offer(find: Handler) -> Handler:
            if inspect.iscoroutinefunction(find):
                message = f"{find.__name__} must be a plain function: it runs in the threads of the module"
                raise TypeError(message)

            def results(request: Request, words: Words = "") -> Response:
                return render(request, "klods/found.html", found=_first(find(words)) if words.strip() else ())

            self._offer(results, Offer(SEARCH, f"/-/search/{find.__name__}", title, order))
            return find

        return offer

    def _offer(self, handler: Callable[..., Any], offer: Offer) -> None:
        if offer.path in {known.path for known in self.offers}:
            message = f"there are two panels of the name {offer.path.rpartition('/')[2]!r}"
            raise ValueError(message)
        self.offers.append(offer)
        self.add_api_route(offer.path, handler, methods=["GET"], include_in_schema=False, response_model=None)


def _first(found: Sequence[Found]) -> Sequence[Found]:
    return list(found)[:MOST_FOUND]
