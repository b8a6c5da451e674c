"""The ASGI application of one web process: the host's app, the modules, and what keeps both in step with the states."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from klods.db.database import Database
from klods.db.follower import Follower
from klods.errors import KlodsError
from klods.kernel.catalog import Module
from klods.kernel.importer import ModuleImporter
from klods.web.asking import Acquainted
from klods.web.engine.dispatcher import Dispatcher
from klods.web.engine.edge import Surroundings
from klods.web.engine.loading import Loader
from klods.web.engine.module_app import build
from klods.web.engine.openapi import Documents
from klods.web.engine.paths import locate
from klods.web.engine.runtime import ModulesOf, Runtime
from klods.web.errors import Errors
from klods.web.host import create_host_app, given, make_errors, make_pages
from klods.web.middleware import guarded
from klods.web.services import HostServices

FIRST_STATES_SECONDS = 30.0


@dataclass(frozen=True)
class Process:
    """What a web process is made of besides the host's own services."""

    database: Database
    importer: ModuleImporter
    modules_of: ModulesOf
    worker_threads: int = 8
    drain_seconds: float = 5.0


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
            drain_seconds=process.drain_seconds,
            changed=partial(_forget, services, process.database),
        )
        self._follower = Follower(process.database.conninfo, "web", self.runtime.act, services.authenticator.forget)
        self._known = asyncio.Event()
        self._app = self._layers(services)

    def _layers(self, services: HostServices) -> ASGIApp:
        host = create_host_app(services, self._errors, Documents(services.switchboard).merge)
        dispatcher = Dispatcher(services.switchboard, host, errors=self._errors, hasten=self._loader.hasten)
        acquainted = Acquainted(self._settled(dispatcher), services.authenticator.subject)
        return guarded(acquainted, self._refuse, given(self._pages))

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request, or live one lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        loop = asyncio.get_running_loop()
        self.runtime.start(loop)
        self._follower.start(lambda: _tell(loop, self._known))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        # Both wait for threads that may themselves be waiting for this loop.
        await asyncio.to_thread(self._follower.stop)
        await asyncio.to_thread(self.runtime.stop)
        await send({"type": "lifespan.shutdown.complete"})

    def _settled(self, app: ASGIApp) -> ASGIApp:
        """Right after the start nobody knows which modules there are: what may be theirs waits."""

        async def settled(scope: Asgi, receive: Receive, send: Send) -> None:
            if not self._known.is_set() and locate(scope["path"]):
                await asyncio.wait_for(self._known.wait(), FIRST_STATES_SECONDS)
            await app(scope, receive, send)

        return settled

    def _refuse(self, scope: Asgi, error: KlodsError) -> ASGIApp:
        return self._errors.response(scope, error)


def _forget(services: HostServices, database: Database) -> None:
    """What was true before a switch: who may come in, and how statements on altered tables were planned."""
    services.authenticator.forget()
    database.forget_plans()


def _tell(loop: asyncio.AbstractEventLoop, known: asyncio.Event) -> None:
    loop.call_soon_threadsafe(known.set)


def _surroundings(services: HostServices, process: Process, errors: Errors) -> Surroundings:
    def catalog() -> Mapping[str, Module]:
        return services.switchboard.current.modules

    return Surroundings(
        process.database,
        services.authenticator.subject,
        errors=errors,
        catalog=catalog,
        worker_threads=process.worker_threads,
    )
