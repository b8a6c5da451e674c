"""What a request carries to say who sends it: the session cookie or a bearer token."""

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from klods.db.people.sign_ins import LONGEST, Visitor
from klods.web.asgi_scope import platform_of

SESSION_COOKIE = "klods_session"

Scope = Any
"""An ASGI connection scope."""


def header(scope: Scope, name: bytes) -> str:
    """The first header of that lower-case name, or an empty string."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def cookie(scope: Scope, name: str) -> str:
    """A cookie of the request, or an empty string."""
    for key, value in _cookies(scope):
        if key == name:
            return value
    return ""


def _cookies(scope: Scope) -> Iterator[tuple[str, str]]:
    for key, value in scope["headers"]:
        if key == b"cookie":
            for pair in str(value, "latin-1").split(";"):
                name, _, content = pair.partition("=")
                yield name.strip(), content.strip().strip('"')


def session_secret(scope: Scope) -> str:
    """The secret in the session cookie, or an empty string."""
    return cookie(scope, SESSION_COOKIE)


def bearer(scope: Scope) -> str | None:
    """The bearer token, or None when the request has no such header; with one, the cookie counts for nothing."""
    kind, _, secret = header(scope, b"authorization").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def visitor(scope: Scope) -> Visitor:
    """Where the request comes from."""
    client = scope.get("client") or ("", 0)
    return Visitor(str(client[0]), header(scope, b"user-agent"), platform_of(scope))


def keep_session(response: Response, secret: str, *, secure: bool) -> None:
    """Give the browser its session."""
    response.set_cookie(
        SESSION_COOKIE, secret, max_age=int(LONGEST.total_seconds()), httponly=True, samesite="lax", secure=secure
    )


def drop_session(response: Response, *, secure: bool) -> None:
    """Take the session from the browser."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=secure)
