"""From a path to a module by one look into a dictionary; whatever is not a module's goes to the host's app."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from klods.web.asgi_scope import AREA, platform_of
from klods.web.engine.gate import LOADING_SECONDS, Gate, not_enabled, why_closed
from klods.web.engine.module_health import health_of_unloaded, health_path
from klods.web.engine.paths import locate
from klods.web.engine.snapshot import Entry, Standing, Switchboard
from klods.web.errors import Errors


class Dispatcher:
    """The ASGI app of a hub: its cost does not depend on how many modules there are."""

    def __init__(
        self,
        switchboard: Switchboard,
        host_app: ASGIApp,
        *,
        errors: Errors | None = None,
        hasten: Callable[[Entry], None] = lambda _: None,
        loading_seconds: float = LOADING_SECONDS,
    ) -> None:
        self._switchboard = switchboard
        self._host_app = host_app
        self._gate = Gate(errors or Errors(), hasten, seconds=loading_seconds)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Send a request to the module whose path it is, or to the host."""
        found = locate(scope["path"]) if scope["type"] != "lifespan" else None
        snapshot = self._switchboard.current
        entry = snapshot.entries.get(found[0]) if found else None
        if entry is None or found is None:
            await self._host_app(scope, receive, send)
            return
        scope[AREA] = found[1]
        if entry.app is not None and snapshot.is_open(entry.code, platform_of(scope)):
            await self._gate.pass_through(entry, scope, receive, send)
        else:
            await self._wait(entry, scope, receive, send)

    async def _wait(self, entry: Entry, scope: Asgi, receive: Receive, send: Send) -> None:
        """A module that loads may become ready, and may be switched off or replaced meanwhile."""
        platform = platform_of(scope)
        if self._switchboard.current.is_open(entry.code, platform):
            await self._gate.settled(entry)
        snapshot = self._switchboard.current
        entry = snapshot.entries.get(entry.code, entry)
        if not snapshot.is_open(entry.code, platform):
            await self._gate.refuse(not_enabled(entry), scope, receive, send)
        elif entry.state is not Standing.READY and scope["path"] == health_path(entry.code):
            await health_of_unloaded(entry)(scope, receive, send)
        elif error := why_closed(entry):
            await self._gate.refuse(error, scope, receive, send)
        else:
            await self._gate.pass_through(entry, scope, receive, send)
