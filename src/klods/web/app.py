"""The ASGI application of one web process: the host's app, the modules, and what keeps both in step with the states."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from klods.db.database import Database
from klods.db.dry_runs import DryRuns
from klods.db.follower import Follower
from klods.db.processes import Membership
from klods.errors import Unavailable
from klods.kernel.catalog import Module
from klods.kernel.configured import Configured
from klods.kernel.importer import ModuleImporter
from klods.kernel.switches import Switches
from klods.outbound.postman import Postman
from klods.web.asking import Recognition
from klods.web.engine.dispatcher import Dispatcher
from klods.web.engine.edge import Surroundings
from klods.web.engine.loading import Loader
from klods.web.engine.module_app import build
from klods.web.engine.openapi import Documents
from klods.web.engine.paths import locate
from klods.web.engine.runtime import ModulesOf, Runtime
from klods.web.errors import Errors, asked_for
from klods.web.host import create_host_app, given, make_errors, make_pages
from klods.web.middleware import guarded
from klods.web.services import HostServices

log = logging.getLogger(__name__)

FIRST_STATES_SECONDS = 30.0


@dataclass(frozen=True)
class Process:
    """What a web process is made of besides the host's own services."""

    database: Database
    importer: ModuleImporter
    modules_of: ModulesOf
    address: str = ""
    worker_threads: int = 8
    drain_seconds: float = 5.0
    postman: Postman | None = None
    """Sends the mail of modules."""


class WebApp:
    """Serves the hub in this process for as long as the lifespan lasts."""

    def __init__(self, services: HostServices, process: Process) -> None:
        self._pages = make_pages(services)
        self._errors = make_errors(self._pages)
        around = _surroundings(services, process, self._errors)
        self._loader = Loader(partial(build, around=around))
        self.runtime = Runtime(
            services.states,
            process.modules_of,
            process.importer,
            services.switchboard,
            self._loader,
            platforms=services.platforms.read,
            drain_seconds=process.drain_seconds,
            ongoing=around.ongoing,
            changed=partial(_forget, services, process.database),
            environment=services.lifecycle.environment,
            cipher=process.database.cipher,
        )
        member = partial(Membership, process.database.conninfo, role="web", address=process.address)
        self._follower = Follower(member, self.runtime.act, services.authenticator.forget)
        self._postman, self._seconds = process.postman, process.drain_seconds
        self._known = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        host = create_host_app(services, self._errors, Documents(services.switchboard).merge)
        self._dispatcher = Dispatcher(services.switchboard, host, errors=self._errors, hasten=self._loader.hasten)
        recognition = Recognition(self._dispatch, services.authenticator.subject)
        self._app = guarded(
            recognition, self._errors.refusal, given(self._pages), lambda: services.switchboard.current.platforms
        )

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request, or live one lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    def wait_until_loaded(self, seconds: float) -> bool:
        """Wait until the first states are in force and each enabled module is loaded or has failed; not on the server's thread."""
        if not self._follower.ready.wait(seconds):
            return False
        snapshot = self.runtime.switchboard.current
        return self._loader.wait([snapshot.entries[code] for code in snapshot.wanted], seconds)

    def stop_soon(self) -> None:
        """End sockets and event streams, which no server that stops could wait for; called on the event loop."""
        if self._ending is None:
            self._ending = asyncio.create_task(self.runtime.switchboard.emptied())

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        loop = asyncio.get_running_loop()
        self.runtime.start(loop)
        self._follower.start(lambda: _tell(loop, self._known))
        if self._postman is not None:
            self._postman.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        # Both wait for threads that may themselves be waiting for this loop.
        await asyncio.to_thread(self._follower.stop)
        await asyncio.to_thread(self.runtime.stop)
        if self._postman is not None:
            await asyncio.to_thread(self._postman.stop, self._seconds)
        await send({"type": "lifespan.shutdown.complete"})

    async def _dispatch(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Pass a request on once it is known which modules there are; answer for it when the server will not wait."""
        try:
            if await self._is_known(scope):
                await self._dispatcher(scope, receive, send)
            else:
                await self._errors.refusal(scope, Unavailable())(scope, receive, send)
        except asyncio.CancelledError:
            if self._ending is None:
                raise
            log.warning("%s was cut short, because the server stops", asked_for(scope))
            # An answer that has begun cannot be replaced; the server tears it.
            with suppress(RuntimeError):
                await self._errors.refusal(scope, Unavailable())(scope, receive, send)

    async def _is_known(self, scope: Asgi) -> bool:
        """Right after the start nobody knows which modules there are: what may be theirs waits for a while."""
        if self._known.is_set() or locate(scope["path"]) is None:
            return True
        try:
            async with asyncio.timeout(FIRST_STATES_SECONDS):
                return await self._known.wait()
        except TimeoutError:
            return False


def _forget(services: HostServices, database: Database) -> None:
    """What was true before a switch: who may come in, and how statements on altered tables were planned."""
    services.authenticator.forget()
    database.forget_plans()


def _tell(loop: asyncio.AbstractEventLoop, known: asyncio.Event) -> None:
    loop.call_soon_threadsafe(known.set)


def _surroundings(services: HostServices, process: Process, errors: Errors) -> Surroundings:
    def catalog() -> Mapping[str, Module]:
        return services.switchboard.current.modules

    def is_enabled(code: str, platform_id: int) -> bool:
        return services.switchboard.current.is_open(code, platform_id)

    def switches(code: str, platform: int) -> Switches:
        return services.switchboard.current.switches_of(code, platform)

    def configuration(code: str, platform_id: int) -> Configured:
        return services.switchboard.current.configurations.of(code, platform_id)

    return Surroundings(
        process.database,
        services.authenticator.subject,
        errors=errors,
        switches=switches,
        configuration=configuration,
        keep_dry_run=DryRuns(process.database).keep,
        catalog=catalog,
        is_enabled=is_enabled,
        worker_threads=process.worker_threads,
    )
