"""The page of the search box: a panel of results for each module that lets itself be searched."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from klods.web.asking import SignedIn
from klods.web.pages.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/klods/search")
def search_page(
    request: Request,
    subject: SignedIn,  # noqa: ARG001 - only who is signed in may search
    words: Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")] = "",
) -> Response:
    """The box, and the results of every module below it."""
    return render(request, "klods/search.html", words=words.strip())
