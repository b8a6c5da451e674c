"""The outermost layers, as plain ASGI: sane host names, request ids, locales, security headers, no other sites."""

import re
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from klods.errors import CrossSite, KlodsError
from klods.kernel.platforms import DEFAULT, NOBODYS, Platforms
from klods.web.asgi_scope import PLATFORM, PLATFORMS, REQUEST_ID
from klods.web.auth.credentials import header
from klods.web.auth.origin import is_cross_site
from klods.web.errors import hang_up
from klods.web.languages import speak

LARGEST_BODY = 1 << 20
"""In bytes, for the host's own routes: they read a body before they ask who sends it."""

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'"
)

SECURITY_HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}\Z")
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?\Z")

Refuse = Callable[[Scope, KlodsError], ASGIApp]
"""Makes the answer to a request that goes no further."""


WITHOUT_PLATFORM = frozenset({"health", "metrics", "static"})
"""First segments of what is asked for by address too, and shows nothing of any platform."""

ONE_PLATFORM = Platforms((DEFAULT,))


def only_one() -> Platforms:
    """The platforms of a hub that has never had more than its first."""
    return ONE_PLATFORM


def guarded(
    app: ASGIApp, refuse: Refuse, given: Mapping[str, Any], platforms: Callable[[], Platforms] = only_one
) -> ASGIApp:
    """The app behind all layers; every request finds what is ``given``, and its platform, in its ASGI scope."""
    return Envelope(Placed(SameSite(app, refuse), refuse, platforms), given)


class Envelope:
    """Names each request, refuses malformed host names and paths, and seals the answer with headers."""

    def __init__(self, app: ASGIApp, given: Mapping[str, Any]) -> None:
        self._app = app
        self._given = dict(given)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.update(self._given)
        scope[REQUEST_ID] = request_id
        app = self._app if not (wrong := _why_malformed(scope)) else _malformed(scope, wrong)
        await app(scope, receive, _sealing(send, request_id))


class Placed:
    """Finds the platform and the language of each request, and refuses those that are for no platform."""

    def __init__(self, app: ASGIApp, refuse: Refuse, platforms: Callable[[], Platforms]) -> None:
        self._app = app
        self._refuse = refuse
        self._platforms = platforms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its platform, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        platforms = scope[PLATFORMS] = self._platforms()
        app = self._app
        try:
            scope[PLATFORM] = platforms.at(header(scope, b"host"), header(scope, b"x-klods-platform"))
        except KlodsError as error:
            scope[PLATFORM] = NOBODYS
            if scope["path"].lstrip("/").partition("/")[0] not in WITHOUT_PLATFORM:
                app = self._refuse(scope, error)
        speak(scope)
        await app(scope, receive, send)


class SameSite:
    """Refuses unsafe requests that another site made with a browser's session."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        app = self._app
        if scope["type"] != "lifespan" and is_cross_site(scope):
            app = self._refuse(scope, CrossSite())
        await app(scope, receive, send)


class BoundedBody:
    """Refuses to read more than `LARGEST_BODY`; stands round the host's own routes, modules have limits of theirs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        left = LARGEST_BODY

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)


def _request_id(scope: Scope) -> str:
    given = header(scope, b"x-request-id")
    return given if _REQUEST_ID.match(given) else secrets.token_hex(8)


def _sealing(send: Send, request_id: str) -> Send:
    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            _seal(message, request_id)
        await send(message)

    return sealed


def _seal(message: MutableMapping[str, Any], request_id: str) -> None:
    headers = [item for item in message.get("headers", ()) if item[0].lower() != b"x-request-id"]
    present = {name.lower() for name, _ in headers}
    headers.extend(item for item in SECURITY_HEADERS if item[0] not in present)
    message["headers"] = [*headers, (b"x-request-id", request_id.encode())]


def _has_sane_host(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if not hosts:
        return scope.get("http_version") == "1.0"
    return len(hosts) == 1 and _HOST.match(hosts[0]) is not None


def _why_malformed(scope: Scope) -> str:
    if "\0" in scope["path"]:
        return "The path of this request holds a NUL character."
    return "" if _has_sane_host(scope) else "The Host header of this request is missing or malformed."


def _malformed(scope: Scope, reason: str) -> ASGIApp:
    if scope["type"] == "websocket":
        return hang_up
    return PlainTextResponse(f"{reason}\n", status_code=400)
