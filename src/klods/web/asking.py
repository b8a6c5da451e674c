"""What host routes ask of a request: the services, who is asking, and whether they may."""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from klods.errors import ForAllPlatforms
from klods.kernel.definition import FrontendType
from klods.kernel.plan import Plan
from klods.kernel.platforms import Platforms
from klods.kernel.subject import Subject
from klods.web.asgi_scope import SUBJECT, subject_here
from klods.web.auth.credentials import header
from klods.web.callers import Rule, get_current_admin_user, get_current_user
from klods.web.errors import asked_for
from klods.web.languages import speak_to
from klods.web.services import HostServices

log = logging.getLogger(__name__)

T = TypeVar("T")

WITHOUT_PAGES = ("/static/", "/health/", "/api/")
"""What lies below is for programs and the same for everybody, also when it is an error."""


def services_of(request: Request) -> HostServices:
    """The services that the app was made with."""
    services: HostServices = request.app.state.services
    return services


Services = Annotated[HostServices, Depends(services_of)]


async def find_subject(request: Request, services: Services) -> Subject | None:
    """Who is asking, or None, also for somebody of another platform; found out once per request, here or by the dispatcher."""
    if SUBJECT not in request.scope:
        request.scope[SUBJECT] = await services.authenticator.subject(request.scope)
        speak_to(request.scope, request.scope[SUBJECT])
    return subject_here(request.scope)


Somebody = Annotated[Subject | None, Depends(find_subject)]


SignedIn = Annotated[Subject, Depends(get_current_user)]
"""Who is asking, whoever that is."""


def admin_who_may(*permissions: str) -> Any:
    """A dependency: an admin whose roles allow this."""
    return Depends(Rule(kind=FrontendType.ADMIN, permissions=permissions))


def working_as(make: Callable[[HostServices, Subject], T], *permissions: str) -> Any:
    """A dependency: what works for an admin whose roles allow this."""
    may = admin_who_may(*permissions)

    def work(services: Services, caller: Annotated[Subject, may]) -> T:
        return make(services, caller)

    return Depends(work)


AnAdmin = Annotated[Subject, Depends(get_current_admin_user)]
ModuleReader = Annotated[Subject, admin_who_may("klods.modules.read")]
MenuManager = Annotated[Subject, admin_who_may("klods.menus.manage")]
LogReader = Annotated[Subject, admin_who_may("klods.log.read")]
ModuleManager = Annotated[Subject, admin_who_may("klods.modules.manage")]


def refuse_beyond_platform(subject: Subject, plan: Plan, platforms: Platforms) -> None:
    """Raise `ForAllPlatforms` when somebody of one platform would change what runs on others too."""
    if plan.concerns_all_platforms and not subject.is_everywhere and len(platforms.known) > 1:
        raise ForAllPlatforms(what=f"To {plan.action.replace('_', ' ')} {plan.target}")


def actor(subject: Subject) -> str:
    """The name under which the log remembers what somebody did."""
    return f"{subject.login} (token {subject.token})" if subject.token else subject.login


class Recognition:
    """Finds out who asks for a page before anything can go wrong, so that an error page has the person's menu too."""

    def __init__(self, app: ASGIApp, authenticate: Callable[[Scope], Awaitable[Subject | None]]) -> None:
        self._app = app
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with whoever could be recognised."""
        if (
            scope["type"] == "http"
            and not scope["path"].startswith(WITHOUT_PAGES)
            and "text/html" in header(scope, b"accept")
        ):
            await self._recognise(scope)
        await self._app(scope, receive, send)

    async def _recognise(self, scope: Scope) -> None:
        try:
            scope[SUBJECT] = await self._authenticate(scope)
            speak_to(scope, scope[SUBJECT])
        except Exception:
            # Nothing depends on it yet: where somebody must be known, the question is put again and its error answered.
            log.exception("could not find out who sent %s", asked_for(scope))
