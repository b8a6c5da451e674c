"""What Klods leans on inside FastAPI and Starlette: when one of these fails, read the new release before the pin moves."""

import asyncio
import inspect

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import _is_async_gen_callable, _is_coroutine_callable, _is_gen_callable
from fastapi.routing import APIRoute, _DefaultLifespan, _resolve_form_limits, iter_route_contexts
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from klods.web.engine.routes import FUNCTION_STACK, PASSED_ON, REQUEST_STACK


def routes_of(router: APIRouter) -> list[APIRoute]:
    return [context.original_route for context in iter_route_contexts(router.routes)]


def test_every_option_that_is_passed_on_is_one_of_a_route():
    parameters = inspect.signature(APIRoute.__init__).parameters
    known = {*PASSED_ON, "response_model", "form_limits", "self", "path", "endpoint"}
    assert set(PASSED_ON) <= set(parameters)
    # Whoever adds an option to routes must be asked whether modules may use it.
    assert set(parameters) - known == {"dependency_overrides_provider"}


def test_nested_routers_yield_their_routes_with_full_paths_and_all_dependencies():
    def outer(): ...

    def inner(): ...

    deep, middle, top = APIRouter(prefix="/deep"), APIRouter(), APIRouter(dependencies=[Depends(outer)])

    @deep.get("/x", dependencies=[Depends(inner)])
    def handler(): ...

    middle.include_router(deep, prefix="/middle")
    top.include_router(middle)
    [context] = iter_route_contexts(top.routes)
    assert context.path == "/middle/deep/x"
    assert [depends.dependency for depends in context.dependencies] == [outer, inner]
    assert isinstance(context.original_route, APIRoute)


def test_a_handler_calls_what_stands_in_the_dependency_tree_when_it_is_made():
    router = APIRouter()

    def dependency() -> int:
        raise AssertionError("replaced")

    @router.get("/")
    def handler(one: int = Depends(dependency)) -> int:
        raise AssertionError("replaced")

    [route] = routes_of(router)

    async def two() -> int:
        return 2

    async def twice(one: int) -> int:
        return one * 2

    route.dependant.dependencies[0].call = two
    route.dependant.call = twice
    answer = asyncio.run(served(route))
    assert answer.body == b"4"


async def served(route: APIRoute):
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        scope = {
            "type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "path_params": {},
            REQUEST_STACK: stack, FUNCTION_STACK: stack, "fastapi_middleware_astack": stack,
        }  # fmt: skip
        return await route.get_route_handler()(Request(scope))


def test_kinds_of_callables_are_told_apart_by_what_they_are():
    def plain(): ...
    async def coroutine(): ...
    def generator():
        yield

    async def asynchronous():
        yield

    kinds = (_is_coroutine_callable, _is_gen_callable, _is_async_gen_callable)
    found = [[kind(call) for kind in kinds] for call in (plain, coroutine, generator, asynchronous)]
    assert found == [[False] * 3, [True, False, False], [False, True, False], [False, False, True]]


def test_a_blocking_iterator_can_be_taken_out_of_its_stream():
    iterator = iter("ab")
    body = StreamingResponse(iterator).body_iterator
    assert inspect.isasyncgen(body)
    assert body.ag_code is iterate_in_threadpool.__code__
    assert body.ag_frame.f_locals["iterator"] is iterator


def test_a_router_without_lifespan_has_the_default_one():
    assert isinstance(APIRouter().lifespan_context, _DefaultLifespan)
    including = APIRouter()
    including.include_router(APIRouter())
    assert not isinstance(including.lifespan_context, _DefaultLifespan)


def test_background_tasks_are_lists_of_functions_with_arguments():
    tasks = BackgroundTasks()
    tasks.add_task(print, 1, end="")
    [task] = tasks.tasks
    assert isinstance(task, BackgroundTask)
    assert (task.func, task.args, task.kwargs, task.is_async) == (print, (1,), {"end": ""}, False)


def test_form_limits_of_a_route_win_over_those_of_its_router():
    assert _resolve_form_limits({"form_limits": {"max_files": 1, "max_fields": 2}}, {"max_files": 3}) == {
        "max_files": 3, "max_fields": 2,
    }  # fmt: skip


@pytest.mark.parametrize("attribute", ["_iter_low_priority_routes", "lifespan_context", "on_startup", "on_shutdown"])
def test_a_router_has_what_is_read_from_it(attribute):
    assert hasattr(APIRouter(), attribute)


def test_an_app_takes_a_list_of_finished_routes():
    app, router = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter()

    @router.get("/x")
    async def handler(): ...

    app.router.routes[:] = routes_of(router)
    assert [route.path for route in app.routes] == ["/x"]
