"""Rebuilds the routes of a module's routers: flat, at their full paths, behind the guard, in the module's threads."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, cast

from fastapi import params
from fastapi._body_limit import wrap_app_with_body_limit
from fastapi.datastructures import Default
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import (
    APIRoute,
    APIWebSocketRoute,
    RouteContext,
    _resolve_form_limits,
    get_websocket_app,
    websocket_session,
)
from starlette import routing
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.concurrency import iterate_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from klods.web.engine.answers import refuse_malformed
from klods.web.engine.calls import (
    convert,
    hopping,
    inline,
    is_coroutine,
    is_generator,
    iterate,
    keeps_something_open,
    plainly,
    run_plainly,
    stepping,
)
from klods.web.engine.edge import Exchange, exchange_of
from klods.web.engine.stays import Stay
from klods.web.engine.threads import WorkerThreads
from klods.web.errors import status_of

Handler = Callable[[Request], Awaitable[Response]]

REQUEST_STACK, FUNCTION_STACK = "fastapi_inner_astack", "fastapi_function_astack"
"""Where FastAPI looks for the stacks that its dependencies are left from."""

FILE_STACK = "fastapi_middleware_astack"
"""Where it looks for the one that closes uploads, which last longest; without a body nothing is ever put there."""

PASSED_ON = (
    "status_code", "tags", "dependencies", "summary", "description", "response_description", "responses",
    "deprecated", "name", "methods", "operation_id", "response_model_include", "response_model_exclude",
    "response_model_by_alias", "response_model_exclude_unset", "response_model_exclude_defaults",
    "response_model_exclude_none", "include_in_schema", "response_class", "callbacks", "openapi_extra",
    "generate_unique_id_function", "strict_content_type", "max_body_size",
)  # fmt: skip


class Rebuilder:
    """Makes the routes that serve out of the routes that a module's author wrote."""

    def __init__(self, threads: WorkerThreads, *, native: bool) -> None:
        self._threads = threads
        self._native = native

    def rebuild(self, context: RouteContext, path: str, *, shown: bool = True) -> BaseRoute | None:
        """The same route at another path; None when this kind of route cannot be served."""
        original = context.original_route
        if isinstance(original, APIRoute):
            return self._api_route(original, context, path, shown=shown)
        if isinstance(original, APIWebSocketRoute):
            return self._api_socket(context, path)
        if isinstance(original, routing.Route):
            return self._plain_route(original, path)
        if isinstance(original, routing.WebSocketRoute):
            return routing.WebSocketRoute(path, original.endpoint, name=original.name)
        if isinstance(original, routing.Mount):
            return routing.Mount(path.rstrip("/"), app=original.app, name=original.name)
        return None

    def _api_route(self, original: APIRoute, context: RouteContext, path: str, *, shown: bool) -> BaseRoute:
        options = {name: getattr(context, name) for name in PASSED_ON}
        options["include_in_schema"] = shown and options["include_in_schema"]
        # What a stream consists of is read from the annotation, but only while no response model is named.
        options["response_model"] = Default(None) if context.stream_item_type else context.response_model
        options["form_limits"] = original.form_limits or None
        endpoint = cast("Callable[..., Any]", context.endpoint)
        route = type(original)(path, endpoint, **options)
        streams = is_generator(endpoint)
        on_host = self._native or streams
        keeps = keeps_something_open(route.dependant)
        if on_host:
            convert(route.dependant, self._hopping(), stepping(self._threads) if streams else self._hopping())
        else:
            convert(route.dependant, inline, inline)
        handler = route.get_route_handler()
        app = self._on_host(handler) if on_host else self._on_worker(_reader(route), handler, keeps=keeps)
        if route.body_field is not None:
            app = AsyncExitStackMiddleware(app)
        route.app = wrap_app_with_body_limit(app, route.max_body_size)
        return route

    def _api_socket(self, context: RouteContext, path: str) -> BaseRoute:
        route = APIWebSocketRoute(
            path, cast("Any", context.endpoint), name=context.name, dependencies=context.dependencies
        )
        convert(route.dependant, self._hopping(), lambda endpoint: endpoint)
        route.app = websocket_session(
            get_websocket_app(dependant=route.dependant, embed_body_fields=route._embed_body_fields)  # noqa: SLF001
        )
        return route

    def _plain_route(self, original: routing.Route, path: str) -> BaseRoute:
        endpoint = original.endpoint
        methods = sorted(original.methods or ()) or None
        route = routing.Route(path, endpoint, methods=methods, name=original.name, include_in_schema=False)
        if inspect.isclass(endpoint):
            return route

        async def handler(request: Request) -> Response:
            return cast("Response", await run_plainly(endpoint, request))

        if not self._native:
            route.app = self._on_worker(_read_nothing, handler, keeps=False)
        elif is_coroutine(endpoint):
            route.app = self._on_host(handler)
        else:
            route.app = self._on_host(lambda request: self._threads.run(lambda: handler(request)))
        return route

    def _hopping(self) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return hopping(self._threads, blocking_only=self._native)

    def _on_host(self, handler: Handler) -> ASGIApp:
        """Serve on the host's loop; what blocks was converted to visit a worker."""
        threads, native = self._threads, self._native

        async def app(asgi: Asgi, receive: Receive, send: Send) -> None:
            request = Request(asgi, receive, send)
            async with AsyncExitStack() as request_stack:
                asgi[REQUEST_STACK] = request_stack
                asgi.setdefault(FILE_STACK, request_stack)
                async with AsyncExitStack() as function_stack:
                    asgi[FUNCTION_STACK] = function_stack
                    response = await handler(request)
                background = _adopt(response, threads)
                await response(asgi, receive, send)
                if background is not None:
                    await _run_background(background, threads, native=native)

        return app

    def _on_worker(
        self, read: Handler | Callable[[Request], Awaitable[None]], handler: Handler, *, keeps: bool
    ) -> ASGIApp:
        """Serve on one worker thread until the response is there; it is sent from the host's loop."""
        threads = self._threads

        async def app(asgi: Asgi, receive: Receive, send: Send) -> None:
            request = Request(asgi, receive, send)
            exchange = exchange_of(asgi)
            await read(request)
            exchange.working = True
            if keeps:
                await self._send_while_staying(_visit(handler, request, exchange), request, send)
                return
            response = await threads.run(lambda: _answer(handler, request, exchange))
            background = _adopt(response, threads)
            await response(asgi, receive, send)
            if background is not None:
                await _run_background(background, threads, native=False)

        return app

    async def _send_while_staying(self, visit: Any, request: Request, send: Send) -> None:
        stay: Stay[Response] = Stay(visit, _lingers)
        response = await stay.enter(self._threads)
        background = _adopt(response, self._threads)
        try:
            await response(request.scope, request.receive, send)
            if background is not None:
                await _run_background(background, self._threads, native=False)
        except BaseException as error:
            await stay.leave(error)
            raise
        await stay.leave()


async def _read_nothing(request: Request) -> None:  # noqa: ARG001
    return


def _reader(route: APIRoute) -> Callable[[Request], Awaitable[None]]:
    """Reads the body before a thread is taken, so that a slow upload occupies none."""
    if route.body_field is None:
        return _read_nothing
    is_form = isinstance(route.body_field.field_info, params.Form)

    async def read(request: Request) -> None:
        if is_form:
            await request.form(**_resolve_form_limits(request.scope.get("fastapi", {}), route.form_limits))
        else:
            await request.body()

    return read


async def _answer(handler: Handler, request: Request, exchange: Exchange) -> Response:
    with _using(exchange):
        async with AsyncExitStack() as stack:
            request.scope[REQUEST_STACK] = request.scope[FUNCTION_STACK] = stack
            request.scope.setdefault(FILE_STACK, stack)
            response = await handler(request)
        _finish(exchange, response)
        return response


@asynccontextmanager
async def _visit(handler: Handler, request: Request, exchange: Exchange) -> AsyncIterator[Response]:
    """The response, while the dependencies that a stream or a background task may still need are open.

    Otherwise they are left before the unit ends, so that what they do after their ``yield`` is part of it.
    """
    response: Response | None = None
    async with AsyncExitStack() as kept:
        with _using(exchange):
            async with AsyncExitStack() as request_stack:
                request.scope[REQUEST_STACK] = request_stack
                request.scope.setdefault(FILE_STACK, request_stack)
                async with AsyncExitStack() as function_stack:
                    request.scope[FUNCTION_STACK] = function_stack
                    response = await handler(request)
                if _lingers(response):
                    kept.push_async_exit(request_stack.pop_all())
            if response is None:
                raise RuntimeError("a dependency with yield swallowed the error, so there is no response")
            _finish(exchange, response)
        yield response


def _finish(exchange: Exchange, response: Response) -> None:
    """End the unit as the response says, if it is one that can be sent."""
    refuse_malformed(response.status_code, response.raw_headers)
    exchange.finish(response.status_code)


@contextmanager
def _using(exchange: Exchange) -> Iterator[None]:
    """The time that a worker thread uses the scope of a request; an error undoes the unit before anybody hears of it."""
    try:
        yield
    except HTTPException as error:
        if error.status_code >= HTTPStatus.BAD_REQUEST:
            exchange.finish(error.status_code)
        raise
    except BaseException as error:
        exchange.finish(status_of(error))
        raise
    finally:
        exchange.rest()


def _lingers(response: Response) -> bool:
    return response.background is not None or hasattr(response, "body_iterator")


def _adopt(response: Response, threads: WorkerThreads) -> BackgroundTask | None:
    """Take over what a response would do in threads of the process: background tasks and blocking iterators."""
    background, response.background = response.background, None
    body = getattr(response, "body_iterator", None)
    if inspect.isasyncgen(body) and body.ag_code is iterate_in_threadpool.__code__ and body.ag_frame is not None:
        response.body_iterator = iterate(threads, iter(body.ag_frame.f_locals["iterator"]))  # type: ignore[attr-defined]
    return background


async def _run_background(background: BackgroundTask, threads: WorkerThreads, *, native: bool) -> None:
    for task in background.tasks if isinstance(background, BackgroundTasks) else (background,):
        if native and getattr(task, "is_async", True):
            await task()
        else:
            await threads.run(lambda task=task: _run_task(task))  # type: ignore[misc]


async def _run_task(task: BackgroundTask) -> None:
    if type(task).__call__ is BackgroundTask.__call__ and not task.is_async:
        plainly(task.func, *task.args, **task.kwargs)
    else:
        await task()
