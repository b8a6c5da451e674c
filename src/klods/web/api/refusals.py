"""The answers that every route of the host's API may give instead of its own."""

from typing import Any

from klods.web.api.module_models import ErrorOut

TRIES: dict[int | str, dict[str, Any]] = {429: {"model": ErrorOut, "description": "Too many tries"}}
"""What routes that check passwords answer besides."""

REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorOut, "description": words}
    for code, words in {
        400: "The body cannot be read",
        401: "Nobody is signed in",
        403: "You may not do this",
        404: "There is no such thing",
        409: "It does not fit the present state",
        413: "The body is too large",
        421: "The host name belongs to no platform",
        422: "The request is not valid",
        503: "Not at the moment",
    }.items()
}
