"""A stay: a context manager whose inside outlasts the call that entered it, on one loop from end to end."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from klods.web.engine.threads import WorkerThreads, run_on

T = TypeVar("T")


class Stay(Generic[T]):
    """An asynchronous context manager that is entered on a worker's loop and left later by the same task.

    A value for which ``lingers`` says no is left at once, and `leave` has nothing to do.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T], lingers: Callable[[T], bool] = lambda _: True) -> None:
        self._manager = manager
        self._lingers = lingers
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[T] | None = None

    async def enter(self, threads: WorkerThreads) -> T:
        """Enter on a thread that is free, which is free again when this returns."""
        worker = await threads.check_out()
        self._loop = worker.loop
        return await worker.run(self._begin, lambda: threads.give_back(worker))

    async def enter_on(self, loop: asyncio.AbstractEventLoop) -> T:
        """Enter on a certain loop."""
        self._loop = loop
        return await run_on(loop, self._begin)

    async def leave(self, error: BaseException | None = None) -> None:
        """Leave on the same loop, with the error that ended the stay, if any."""
        if self._loop is not None and self._task is not None and not self._task.done():
            await run_on(self._loop, lambda: self._end(error))

    async def _begin(self) -> T:
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[T] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._task = loop.create_task(self._live())
        try:
            await asyncio.wait((self._ready, self._task), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait((self._task,))
            raise
        return self._task.result() if self._task.done() else self._ready.result()

    async def _live(self) -> T:
        async with self._manager as value:
            if self._lingers(value):
                self._ready.set_result(value)
                await self._over
        return value

    async def _end(self, error: BaseException | None) -> None:
        assert self._task is not None  # noqa: S101 - `leave` has looked
        if isinstance(error, asyncio.CancelledError):
            self._task.cancel()
            await asyncio.wait((self._task,))
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)
        await self._task
