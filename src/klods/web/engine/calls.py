"""Turns the handlers and dependencies of a module into coroutines that run where they may block.

FastAPI runs plain functions in threads of the process and coroutines on the loop it stands on. Here everything of a
module goes to the module's own threads: either the whole request is on such a thread already (`inline`), or each
call goes there by itself (`hopping`), because the answer is a stream or a socket, or the module is native.
"""

import asyncio
from asyncio.events import _set_running_loop
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from fastapi.dependencies.models import Dependant, _is_async_gen_callable, _is_coroutine_callable, _is_gen_callable
from fastapi.security.base import SecurityBase

from klods.web.callers import Rule
from klods.web.engine.stays import Stay
from klods.web.engine.threads import WorkerThreads

T = TypeVar("T")
Call = Callable[..., Any]
END = object()


def is_generator(call: Call) -> bool:
    """Whether calling it makes a generator, synchronous or not."""
    return _is_gen_callable(call) or _is_async_gen_callable(call)


def is_coroutine(call: Call) -> bool:
    """Whether calling it makes a coroutine."""
    return _is_coroutine_callable(call)


def keeps_something_open(dependant: Dependant) -> bool:
    """Whether any dependency has something to do after its ``yield``."""
    return any(is_generator(_call(sub)) or keeps_something_open(sub) for sub in dependant.dependencies)


def convert(dependant: Dependant, dependency: Callable[[Call], Call], endpoint: Callable[[Call], Call]) -> None:
    """Replace the calls of a route's own dependency tree; one call stays one call, so that FastAPI's cache holds."""
    converted: dict[Call, Call] = {}

    def walk(sub: Dependant) -> None:
        call = _call(sub)
        if not isinstance(call, SecurityBase | Rule):
            # Both are recognised by their type afterwards, and they do not block.
            if call not in converted:
                converted[call] = dependency(call)
            sub.call = converted[call]
        for child in sub.dependencies:
            walk(child)

    for sub in dependant.dependencies:
        walk(sub)
    dependant.call = endpoint(_call(dependant))


def inline(call: Call) -> Call:
    """For requests that are on a worker thread: whatever blocks, blocks that thread only."""
    if is_coroutine(call) or _is_async_gen_callable(call):
        return call
    if _is_gen_callable(call):

        async def run_generator(**values: Any) -> AsyncIterator[Any]:
            manager = contextmanager(call)(**values)
            value = plainly(manager.__enter__)
            try:
                yield value
            except BaseException as error:
                if not plainly(manager.__exit__, type(error), error, error.__traceback__):
                    raise
            else:
                plainly(manager.__exit__, None, None, None)

        return _named(run_generator, call)

    async def run(**values: Any) -> Any:
        return plainly(call, **values)

    return _named(run, call)


def hopping(threads: WorkerThreads, *, blocking_only: bool) -> Callable[[Call], Call]:
    """For requests on the host's loop: each call visits a worker thread, coroutines only unless ``blocking_only``."""

    def convert_call(call: Call) -> Call:
        if blocking_only and (is_coroutine(call) or _is_async_gen_callable(call)):
            return call
        return _visiting_generator(call, threads) if is_generator(call) else _visiting(call, threads)

    return convert_call


def stepping(threads: WorkerThreads) -> Callable[[Call], Call]:
    """For handlers that stream: a plain generator takes each step on a worker thread, an asynchronous one is native."""

    def convert_call(call: Call) -> Call:
        if not _is_gen_callable(call):
            return call

        async def run(**values: Any) -> AsyncIterator[Any]:
            async for item in iterate(threads, call(**values)):
                yield item

        return _named(run, call)

    return convert_call


async def iterate(threads: WorkerThreads, items: Iterator[Any]) -> AsyncIterator[Any]:
    """The items of a blocking iterator, each fetched on a worker thread."""

    async def step() -> Any:
        return plainly(next, items, END)

    while (item := await threads.run(step)) is not END:
        yield item


async def run_plainly(call: Call, *args: Any, **values: Any) -> Any:
    """Await a coroutine function, and call any other one `plainly`."""
    return await call(*args, **values) if is_coroutine(call) else plainly(call, *args, **values)


def plainly(call: Callable[..., T], *args: Any, **values: Any) -> T:
    """Call a plain function as if no loop ran in this thread: it may block, and it may use `asyncio.run`."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - whoever calls this is a coroutine
    _leave_task(loop, task)
    _set_running_loop(None)
    try:
        return call(*args, **values)
    finally:
        _set_running_loop(loop)
        _enter_task(loop, task)


def _visiting(call: Call, threads: WorkerThreads) -> Call:
    async def run(**values: Any) -> Any:
        return await threads.run(lambda: run_plainly(call, **values))

    return _named(run, call)


def _visiting_generator(call: Call, threads: WorkerThreads) -> Call:
    manage = asynccontextmanager(call if _is_async_gen_callable(call) else inline(call))

    async def run(**values: Any) -> AsyncIterator[Any]:
        stay = Stay(manage(**values))
        value = await stay.enter(threads)
        try:
            yield value
        except BaseException as error:
            await stay.leave(error)
            raise
        await stay.leave()

    return _named(run, call)


def _named(wrapper: Call, call: Call) -> Call:
    for name in ("__name__", "__qualname__", "__module__"):
        if isinstance(value := getattr(call, name, None), str):
            setattr(wrapper, name, value)
    return wrapper


def _call(dependant: Dependant) -> Call:
    call: Callable[..., Awaitable[Any] | Any] | None = dependant.call
    assert call is not None  # noqa: S101 - only FastAPI's own intermediate values have none
    return call
