"""One FastAPI app per module, made from its parts: routes, guard, threads, and what lives as long as the app."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI
from fastapi.routing import RouteContext, _DefaultLifespan, iter_route_contexts
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from klods.db.people.asking import (
    Around,
    call_for,
    nothing_to_ask,
    scope_for,
    with_changes,
)
from klods.db.scope import Scope, ScopeKind, run_in
from klods.errors import AnsweredTooLate, PartFailed
from klods.kernel.catalog import Module
from klods.kernel.definition import ModuleDefinition
from klods.kernel.faults import sentence
from klods.kernel.parts import PARTS, load_definition, load_part
from klods.kernel.personal_data import Answer, Errand
from klods.web.engine.calls import plainly
from klods.web.engine.edge import Edge, Surroundings
from klods.web.engine.gate import Admission, Guard
from klods.web.engine.marks import is_public, is_reads_only
from klods.web.engine.module_health import health_route
from klods.web.engine.offers import Offer
from klods.web.engine.paths import AREA_OF_PART, Area, Mixed, place
from klods.web.engine.routes import Rebuilder
from klods.web.engine.stays import Stay
from klods.web.engine.threads import WorkerThreads

T = TypeVar("T")

LIFETIME_SECONDS = 30.0
QUIET = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's telemetry costs a fifth of a small request; the host measures modules from outside."""


@dataclass
class ModuleApp:
    """A module as this process serves it."""

    module: Module
    definition: ModuleDefinition
    """With the callables that only running code can give."""

    api: FastAPI
    edge: Edge
    threads: WorkerThreads
    routers: tuple[APIRouter, ...]
    around: Surroundings
    offers: tuple[Offer, ...] = ()
    """What the module offers to pages of others."""

    _stay: Stay[dict[str, Any]] | None = field(default=None, init=False)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What the module answers to."""
        return self.api.routes

    @property
    def has_lifetime(self) -> bool:
        """Whether `start` has anything to do."""
        return self.definition.on_startup is not None or any(_has_lifespan(router) for router in self.routers)

    async def start(self, host: asyncio.AbstractEventLoop | None = None, seconds: float = LIFETIME_SECONDS) -> None:
        """Run `on_startup` and enter the lifespans, those of a native module on the host's loop."""
        async with asyncio.timeout(seconds):
            if self.definition.on_startup is not None:
                await self._run_on_startup(self.definition.on_startup)
            if any(_has_lifespan(router) for router in self.routers):
                stay = self._stay = Stay(self._lifetime())
                native = self.definition.native_async and host is not None
                entering = stay.enter_on(host) if native and host else stay.enter(self.threads)
                self.edge.state = await entering

    async def stop(self, seconds: float = LIFETIME_SECONDS) -> None:
        """Leave the lifespans and end the threads; what does not end in time is left behind."""
        try:
            async with asyncio.timeout(seconds):
                if self._stay is not None:
                    await self._stay.leave()
        finally:
            self.threads.close(0)

    @asynccontextmanager
    async def _lifetime(self) -> AsyncIterator[dict[str, Any]]:
        state: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            for router in self.routers:
                lifespan: Any = router.lifespan_context(self.api)
                state.update(await stack.enter_async_context(lifespan) or {})
            yield state

    async def run(self, scope: Scope, call: Callable[[], T], seconds: float | None = None) -> T:
        """Call code of the module on one of its threads, in a scope that is kept when it returns, and undone otherwise.

        Raises `AnsweredTooLate` when time is up; the scope is over then, whatever the code goes on doing.
        """

        async def work() -> T:
            return plainly(lambda: run_in(scope, call))

        timer = asyncio.timeout(seconds)
        try:
            async with timer:
                return await self.threads.run(work)
        except TimeoutError:
            if not timer.expired():
                raise
            await asyncio.to_thread(scope.cancel)
            raise AnsweredTooLate(module=self.module.code, seconds=f"{seconds:g}") from None

    async def ask(self, errand: Errand, seconds: float) -> Answer:
        """What the module says about a person; raises whatever its code raises, and `AnsweredTooLate`."""
        if (nothing := nothing_to_ask(errand, self.definition)) is not None:
            return nothing
        around = self.around
        scope = scope_for(
            errand,
            Around(
                around.database,
                around.catalog(),
                around.is_enabled,
                around.switches,
                around.configuration,
                around.ongoing,
            ),
        )
        answer = await self.run(scope, call_for(errand, self.definition, scope), seconds)
        return with_changes(answer, scope)

    async def _run_on_startup(self, hook: Callable[[], object]) -> None:
        around = self.around
        scope = Scope(
            around.database,
            self.module.code,
            kind=ScopeKind.COMMAND,
            catalog=around.catalog(),
            is_enabled=around.is_enabled,
            configuration=around.configuration,
        )
        await self.run(scope, hook)


class _Stack(FastAPI):
    """A FastAPI app without the layers that the edge makes unnecessary."""

    def build_middleware_stack(self) -> ASGIApp:
        return ExceptionMiddleware(self.router, handlers=self.exception_handlers)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        scope["app"] = self
        await self.middleware_stack(scope, receive, send)


def build(module: Module, around: Surroundings) -> ModuleApp:
    """Load the web parts of a mounted module and make its app; raise `PartFailed` with file and line."""
    definition = load_definition(module.source, module.definition)
    threads = WorkerThreads(module.code, limit=around.worker_threads)
    api = _Stack(
        title=definition.name,
        version=definition.version,
        openapi_url=None,
        exception_handlers=around.errors.handlers(),  # type: ignore[arg-type]
        telemetry=QUIET,  # type: ignore[arg-type]
    )
    routers = dict(_routers(module))
    rebuilder = Rebuilder(threads, native=definition.native_async)
    admission = Admission(around.authenticate)
    routes = [route for part, router in routers.items() for route in _placed(module, part, router, rebuilder)]
    if not any(_is_health(route, module.code) for route in routes):
        routes.append(health_route(definition, threads))
    for route in routes:
        _guard(route, admission, internal=definition.is_internal)
    api.router.routes[:] = routes
    edge = Edge(api, module, around)
    return ModuleApp(module, definition, api, edge, threads, tuple(routers.values()), around, _offers(routers.values()))


def _routers(module: Module) -> Iterator[tuple[str, APIRouter]]:
    for part in AREA_OF_PART:
        router = load_part(module.source, part)
        if router is None:
            continue
        if not isinstance(router, APIRouter):
            raise _failed(module, part, f"{PARTS[part].name} is a {type(router).__name__} and not an APIRouter")
        yield part, router


def _offers(routers: Iterable[APIRouter]) -> tuple[Offer, ...]:
    """Read once, now: pages of the host must not run what a module may have put there."""
    return tuple(offer for router in routers for offer in getattr(router, "offers", ()) if isinstance(offer, Offer))


def _placed(module: Module, part: str, router: APIRouter, rebuilder: Rebuilder) -> Iterator[BaseRoute]:
    contexts = list(iter_route_contexts(router.routes))
    area = AREA_OF_PART[part]
    try:
        paths = place(area, module.code, [context.path or "" for context in contexts])
    except Mixed as error:
        context = contexts[error.index]
        reason = f"{context.path!r} does not begin with {error.prefix!r}, but other routes of the same router do"
        raise _failed(module, part, reason, context) from None
    if list(router._iter_low_priority_routes()):  # noqa: SLF001
        raise _failed(module, part, "router.frontend() is not served for modules; mount StaticFiles instead")
    for context, path in zip(contexts, paths, strict=True):
        for number, spelling in enumerate(_spellings(path, module.code)):
            yield _rebuilt(module, part, context, (rebuilder, spelling, number == 0 and area.is_api))


def _rebuilt(module: Module, part: str, context: RouteContext, how: tuple[Rebuilder, str, bool]) -> BaseRoute:
    rebuilder, path, shown = how
    try:
        route = rebuilder.rebuild(context, path, shown=shown)
    except Exception as error:
        # FastAPI runs code of the module while it makes a route; the module's loading is the edge here.
        raise _failed(module, part, sentence(error), context) from error
    if route is None:
        raise _failed(module, part, f"a {type(context.original_route).__name__} is not served for modules", context)
    return route


def _spellings(path: str, code: str) -> tuple[str, ...]:
    """A module's first page answers with and without the slash at the end."""
    bare = path.rstrip("/")
    if any(bare == area.prefix(code) for area in Area):
        return (path, bare if path.endswith("/") else f"{bare}/")
    return (path,)


def _guard(route: BaseRoute, admission: Admission, *, internal: bool) -> None:
    target: Any = route
    handler = getattr(route, "endpoint", None) or target.app
    target.app = Guard(
        target.app, None if is_public(handler) else admission, internal=internal, reads_only=is_reads_only(handler)
    )


def _is_health(route: BaseRoute, code: str) -> bool:
    methods = getattr(route, "methods", None) or ()
    return getattr(route, "path", "") == f"{Area.API.prefix(code)}/health" and "GET" in methods


def _has_lifespan(router: APIRouter) -> bool:
    plain = isinstance(router.lifespan_context, _DefaultLifespan)
    return not plain or bool(router.on_startup or router.on_shutdown)


def _failed(module: Module, part: str, reason: str, context: RouteContext | None = None) -> PartFailed:
    spot = _position(context, module) or f"{PARTS[part].file}:1"
    return PartFailed(module=module.code, part=part, reason=f"{reason} ({spot})", where=spot)


def _position(context: RouteContext | None, module: Module) -> str:
    code = getattr(inspect.unwrap(context.endpoint), "__code__", None) if context and context.endpoint else None
    if code is None:
        return ""
    file = code.co_filename.removeprefix(f"{module.source.folder.resolve()}/")
    return f"{file}:{code.co_firstlineno}"
