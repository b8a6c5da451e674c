"""What host routes ask of a request: the services, who is asking, and whether they may."""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from klods.errors import NotAllowed, NotSignedIn
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject
from klods.web.auth.credentials import header
from klods.web.services import HostServices

log = logging.getLogger(__name__)

_ASKED = "klods.subject"

UNKNOWN = ("/static/", "/health", "/api/")
"""Where nobody needs to be known to be told of an error."""


def services_of(request: Request) -> HostServices:
    """The services that the app was made with."""
    services: HostServices = request.app.state.services
    return services


Services = Annotated[HostServices, Depends(services_of)]


async def find_subject(request: Request, services: Services) -> Subject | None:
    """Who is asking, or None; found out once per request, here or by the dispatcher."""
    if _ASKED not in request.scope:
        request.scope[_ASKED] = await services.authenticator.subject(request.scope)
    subject: Subject | None = request.scope[_ASKED]
    return subject


Somebody = Annotated[Subject | None, Depends(find_subject)]


def signed_in(subject: Somebody) -> Subject:
    """Who is asking; raise `NotSignedIn` for nobody."""
    if subject is None:
        raise NotSignedIn
    return subject


SignedIn = Annotated[Subject, Depends(signed_in)]


def an_admin(subject: SignedIn) -> Subject:
    """Who is asking, if it is an admin; raise `NotAllowed` for others."""
    if subject.kind is not FrontendType.ADMIN:
        raise NotAllowed
    return subject


Admin = Annotated[Subject, Depends(an_admin)]


def actor(subject: Subject) -> str:
    """The name under which the log remembers what somebody did."""
    return f"{subject.login} (token {subject.token})" if subject.token else subject.login


class Acquainted:
    """Finds out who asks for a page before anything can go wrong, so that an error page knows its reader too."""

    def __init__(self, app: ASGIApp, authenticate: Callable[[Scope], Awaitable[Subject | None]]) -> None:
        self._app = app
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; one that cannot be recognised now is asked again where it matters."""
        if (
            scope["type"] == "http"
            and not scope["path"].startswith(UNKNOWN)
            and "text/html" in header(scope, b"accept")
        ):
            await self._get_acquainted(scope)
        await self._app(scope, receive, send)

    async def _get_acquainted(self, scope: Scope) -> None:
        try:
            scope[_ASKED] = await self._authenticate(scope)
        except Exception:
            # Nothing depends on it yet: where somebody must be known, the question is put again and its error answered.
            log.exception("could not find out who asks for %s", scope["path"])
