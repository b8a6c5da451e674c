"""Who and what may enter a module: is it enabled here, is it loaded, who is asking."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from klods.db.scope import enter
from klods.errors import (
    ModuleFailed,
    ModuleLoading,
    ModuleNotEnabled,
    NotAllowed,
    NotSignedIn,
    OtherPlatform,
    OtherSide,
)
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject
from klods.web.asgi_scope import AREA, ENTRY, SUBJECT, platform_of
from klods.web.engine.edge import Exchange, exchange_of
from klods.web.engine.paths import Area
from klods.web.engine.snapshot import Entry, Standing
from klods.web.errors import Errors
from klods.web.languages import speak_to

LOADING_SECONDS = 10.0

Authenticate = Callable[[Asgi], Awaitable[Subject | None]]


class Gate:
    """Lets requests into modules and counts them; ``hasten`` asks for a module to be loaded before the others."""

    def __init__(self, errors: Errors, hasten: Callable[[Entry], None], *, seconds: float = LOADING_SECONDS) -> None:
        self._errors = errors
        self._hasten = hasten
        self._seconds = seconds

    async def pass_through(self, entry: Entry, asgi: Asgi, receive: Receive, send: Send) -> None:
        """Send a request into a module that is open for its platform and loaded."""
        app = entry.app
        if app is None:
            raise RuntimeError("only a module that is ready can be entered")
        platform = platform_of(asgi)
        asgi[ENTRY] = entry
        entry.in_flight[platform] += 1
        try:
            await app.edge(asgi, receive, send)
        finally:
            entry.leave(platform)

    async def refuse(self, error: Exception, asgi: Asgi, receive: Receive, send: Send) -> None:
        """Answer instead of the module."""
        await self._errors.refusal(asgi, error)(asgi, receive, send)

    async def settled(self, entry: Entry) -> bool:
        """Wait within the limit until the module is ready or has failed; False when it still loads."""
        if entry.state is not Standing.LOADING:
            return True
        self._hasten(entry)
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        entry.settled.add_done_callback(lambda _: _wake(loop, woken))
        try:
            async with asyncio.timeout(self._seconds):
                await woken.wait()
        except TimeoutError:
            return False
        return True


def why_closed(entry: Entry) -> ModuleLoading | ModuleFailed | None:
    """The error for a module that cannot be entered now."""
    if entry.state is Standing.READY:
        return None
    if entry.state is Standing.LOADING:
        return ModuleLoading(module=entry.code)
    return ModuleFailed(module=entry.code, reason=entry.problem.rule if entry.problem else "", incident=entry.incident)


def not_enabled(entry: Entry) -> ModuleNotEnabled:
    """The error for a module that is off for the platform."""
    return ModuleNotEnabled(module=entry.code)


class Admission:
    """Asks who is there, once per request and only where somebody must be."""

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    async def admit(self, asgi: Asgi, *, internal: bool) -> Subject:
        """The signed-in subject of the kind that belongs here; raise `NotSignedIn`, `OtherPlatform` or `OtherSide`."""
        subject = asgi.get(SUBJECT) or await self._authenticate(asgi)
        if subject is None:
            raise NotSignedIn
        asgi[SUBJECT] = subject
        speak_to(asgi, subject)
        area: Area = asgi[AREA]
        wanted = FrontendType.ADMIN if internal else area.kind
        if subject.platform_id != platform_of(asgi):
            raise OtherPlatform
        if subject.kind is not wanted:
            raise OtherSide(wanted=wanted.value, kind=subject.kind.value)
        return subject


class Guard:
    """Stands before every route of a module: nobody comes past it unknown, and behind it the scope is open."""

    def __init__(self, app: ASGIApp, admission: Admission | None, *, internal: bool, reads_only: bool = False) -> None:
        self._app = app
        self._admission = admission
        self._internal = internal
        self._reads_only = reads_only

    @property
    def is_public(self) -> bool:
        """Whether anybody may come in."""
        return self._admission is None

    async def __call__(self, asgi: Asgi, receive: Receive, send: Send) -> None:
        """Admit the caller, open the scope and run the route; internal modules have nothing for vendors, not even in public."""
        admission = self._admission
        if self._internal and asgi[AREA].kind is FrontendType.VENDOR:
            raise NotAllowed
        subject = await admission.admit(asgi, internal=self._internal) if admission else None
        exchange: Exchange = exchange_of(asgi)
        with enter(exchange.open(subject, reads_only=self._reads_only)):
            await self._app(asgi, receive, send)


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(woken.set)
