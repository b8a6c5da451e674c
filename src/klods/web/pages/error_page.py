"""The page a person sees when something cannot be answered."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response
from starlette.types import Scope

from klods.web.asgi_scope import ENTRY
from klods.web.pages.rendering import Pages

TITLED = frozenset({400, 403, 404, 405, 421, 429, 500, 503})
EXPLAINED = frozenset({"not_found", "internal_server_error", "internal_error", "service_unavailable"})


def error_page(pages: Pages, scope: Scope, status: int, body: Mapping[str, Any]) -> Response:
    """The page for a status and the body that a program would get; always in the host's look and words."""
    outside = {key: value for key, value in scope.items() if key != ENTRY}
    title, message = _words(status, body)
    context = {"status": status, "title_key": title, "message_key": message, "body": body}
    return pages.render(Request(outside), "klods/error.html", context, status_code=status)


def _words(status: int, body: Mapping[str, Any]) -> tuple[str, str]:
    known = status if status in TITLED else "other"
    title = f"error.{known}_title"
    message = f"error.{status}_text" if body["error"] in EXPLAINED else f"errors.{body['error']}"
    return title, message
