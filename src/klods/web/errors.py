"""The one table from situations to HTTP, and the one shape of every refusal: JSON for programs, a page for people."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.utils import is_body_allowed_for_status_code
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from klods import errors
from klods.errors import KlodsError, NotAllowed, NotSignedIn, Unavailable
from klods.web.asgi_scope import ENTRY, EXCHANGE, SUBJECT, request_id_of, subject_here

log = logging.getLogger(__name__)

STATUS: Mapping[type[KlodsError], int] = {
    KlodsError: 500,
    errors.NotFound: 404,
    errors.LinkSpent: 410,
    errors.Misdirected: 421,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.Refused: 403,
    errors.NotSignedIn: 401,
    errors.WrongPassword: 401,
    errors.TooManyTries: 429,
    errors.Misuse: 500,
    errors.Broken: 500,
    errors.Unavailable: 503,
}
"""A class that is not listed has the status of the nearest family above it."""

RETRY_SECONDS = 2
READ_ONLY_TRANSACTION = "25006"
LOGIN_PATH = "/auth/login"
NO_JSON = "Send the body as a JSON object, with the header `Content-Type: application/json`."

ErrorPage = Callable[[Scope, int, Mapping[str, Any]], Response]
"""Makes the page a person sees, from the status and the body a program would get."""


def status_of(error: BaseException) -> int:
    """The HTTP status of an error; 500 for whatever is not known."""
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, RequestValidationError):
        return 422
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


class Errors:
    """Answers errors; ``page`` makes what people see instead of JSON, and JSON is sent when it fails."""

    def __init__(self, page: ErrorPage | None = None) -> None:
        self._page = page

    def response(self, scope: Scope, error: BaseException) -> Response:
        """The answer to an error, in the form that the client asked for."""
        page = _wants_page(scope)
        if page and scope["method"] in ("GET", "HEAD") and _is_mended_by_signing_in(scope, error):
            return RedirectResponse(f"{LOGIN_PATH}?next={_here(scope)}", status_code=303)
        status, body = status_of(error), body_of(error, request_id_of(scope))
        if not is_body_allowed_for_status_code(status):
            return Response(status_code=status, headers=dict(_headers(error)))
        response = (self._make_page(scope, status, body) if page else None) or JSONResponse(body, status)
        for name, value in _headers(error).items():
            response.headers[name] = value
        return response

    def refusal(self, scope: Scope, error: BaseException) -> ASGIApp:
        """What answers instead of the app that was asked for; a socket is closed."""
        return hang_up if scope["type"] == "websocket" else self.response(scope, error)

    def handlers(self) -> dict[Any, Callable[[Any, Exception], Awaitable[Response]]]:
        """What a FastAPI app needs to answer in this way."""

        async def answer(request: Request | WebSocket, error: Exception) -> Response:
            if isinstance(request, WebSocket) and getattr(request.scope.get(EXCHANGE), "started", False):
                # The conversation has begun, so there is no answer left to give: the edge closes the socket.
                raise error
            if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, HTTPException):
                report(error, request.scope)
            return self.response(request.scope, error)

        return dict.fromkeys((KlodsError, HTTPException, RequestValidationError), answer)

    def _make_page(self, scope: Scope, status: int, body: Mapping[str, Any]) -> Response | None:
        if self._page is None:
            return None
        try:
            return self._page(scope, status, body)
        except Exception:
            # The page of an error is the last thing that may fail: JSON says the same.
            log.exception("the error page could not be made")
            return None


async def hang_up(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """Close a socket that nobody is going to serve."""
    await send({"type": "websocket.close", "code": 1008})


def report(error: BaseException, scope: Scope) -> str:
    """Log an unexpected error once, with the module it happened in; return the incident's id, which the answer names."""
    if incident := getattr(error, "__klods_incident__", ""):
        return str(incident)
    incident = secrets.token_hex(6)
    entry = scope.get(ENTRY)
    place = entry.code if entry is not None else "klods"
    about = {"module": place, "incident": incident, "request_id": request_id_of(scope)}
    log.error("%s: incident %s at %s", place, incident, asked_for(scope), exc_info=error, extra={"klods": about})
    error.__dict__["__klods_incident__"] = incident
    return incident


def asked_for(scope: Scope) -> str:
    """Method and path as the log may show them: on one line, whatever a client sent."""
    return f"{scope.get('method', scope['type'])} {quote(scope['path'])}"


def tried_to_write(error: BaseException) -> bool:
    """Whether PostgreSQL refused it because the transaction only reads, in whatever the error arrived."""
    known = error.data if isinstance(error, KlodsError) else {}
    state = known.get("sqlstate") or getattr(getattr(error, "orig", error), "sqlstate", None)
    return state == READ_ONLY_TRANSACTION


def body_of(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """The body of the answer: what it is called, what a person reads, what to do next, and the facts."""
    if isinstance(error, KlodsError):
        facts = {key: value for key, value in error.data.items() if isinstance(value, str | int | float | bool)}
        return _body(
            error.code, str(error), request_id, hint=error.advice, data=facts | _fields(error) | _incident(error)
        )
    if isinstance(error, RequestValidationError):
        wrong = [{"where": list(one["loc"]), "type": one["type"], "message": one["msg"]} for one in error.errors()]
        hint = NO_JSON if any(one["where"] == ["body"] for one in wrong) else ""
        return _body("invalid_request", "The request is not valid.", request_id, hint=hint, data={"errors": wrong})
    if isinstance(error, HTTPException):
        return _http_body(error, request_id)
    return _body("internal_error", "Something failed that should not.", request_id, data=_incident(error))


def _body(
    code: str, message: str, request_id: str, *, hint: str = "", data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {"error": code, "message": message, "hint": hint, "request_id": request_id, "data": dict(data or {})}


def _http_body(error: HTTPException, request_id: str) -> dict[str, Any]:
    try:
        phrase = HTTPStatus(error.status_code).phrase
    except ValueError:
        phrase = f"Status {error.status_code}"
    code = phrase.lower().replace(" ", "_").replace("-", "_").replace("'", "")
    detail: object = error.detail
    if detail is None or isinstance(detail, str):
        return _body(code, detail or phrase, request_id)
    return _body(code, phrase, request_id, data={"detail": detail})


def _fields(error: KlodsError) -> dict[str, Any]:
    """What is wrong with which field, where that is known."""
    faults = error.data.get("faults") or {}
    return {"fields": {name: fault["msg"] for name, fault in faults.items()}} if faults else {}


def _incident(error: BaseException) -> dict[str, str]:
    incident = getattr(error, "__klods_incident__", "")
    return {"incident": incident} if incident else {}


def _headers(error: BaseException) -> Mapping[str, str]:
    if isinstance(error, HTTPException):
        return error.headers or {}
    if isinstance(error, NotSignedIn):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, errors.TooManyTries):
        return {"retry-after": str(error.data.get("seconds", RETRY_SECONDS))}
    return {"retry-after": str(RETRY_SECONDS)} if isinstance(error, Unavailable) else {}


def _wants_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"].startswith("/api/"):
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def _is_mended_by_signing_in(scope: Scope, error: BaseException) -> bool:
    """Whether nobody is signed in here: not at all, or in a browser for another platform."""
    subject = scope.get(SUBJECT)
    is_elsewhere = subject is not None and not subject.token and subject_here(scope) is None
    return isinstance(error, NotSignedIn) or (isinstance(error, NotAllowed) and is_elsewhere)


def _here(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    return quote(scope["path"] + (f"?{query}" if query else ""), safe="/")
