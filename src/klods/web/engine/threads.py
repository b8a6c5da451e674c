"""A module's own worker threads, each with a running event loop, so that blocking code stops nobody else.

One thread serves one request at a time, and all pieces of a request run on one loop. Tasks that a handler leaves
behind go on running there; a thread that has been idle for long ends, unless such tasks are left.
"""

import asyncio
import contextvars
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]

SWITCH_SECONDS = 0.0005
IDLE_SECONDS = 30.0


def share_fairly() -> None:
    """Let threads take turns more often than Python's default, so that a busy module delays the host less.

    Called by whoever serves, because it holds for the whole process.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


class Worker:
    """One thread with an event loop that runs as long as the thread."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.used = monotonic()
        self._stopping = False
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    @property
    def ident(self) -> int | None:
        """The identifier of the thread."""
        return self._thread.ident

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    async def run(self, work: Work[T], after: Callable[[], None] | None = None) -> T:
        """Run a coroutine function on this thread's loop, in the caller's context, and wait for it.

        Cancelling the wait cancels the coroutine and does not wait for its end. ``after`` is called on the thread
        when the coroutine has ended, whoever still waits.
        """
        return await run_on(self.loop, work, after)

    def stop(self) -> None:
        """End the thread once its loop comes round; what is left on the loop is cancelled."""
        self._stopping = True
        self.loop.call_soon_threadsafe(self.loop.stop)

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread; False when it is still busy."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _live(self) -> None:
        while not self._stopping:
            try:
                self.loop.run_forever()
            except BaseException:
                # A task that a handler left behind may raise SystemExit; the thread belongs to the host.
                log.exception("%s: a task tried to end the process", threading.current_thread().name)
        self._close()

    def _close(self) -> None:
        try:
            self.loop.run_until_complete(_cancel_the_rest())
        except BaseException:
            log.exception("%s: the loop did not close cleanly", threading.current_thread().name)
        self.loop.close()


async def _cancel_the_rest() -> None:
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


async def run_on(loop: asyncio.AbstractEventLoop, work: Work[T], after: Callable[[], None] | None = None) -> T:
    """Run a coroutine function on a loop of another thread, as `Worker.run` does."""
    job = _Job(loop, work, after)
    loop.call_soon_threadsafe(job.start)
    try:
        return await job.answer
    except asyncio.CancelledError:
        loop.call_soon_threadsafe(job.cancel)
        raise


class _Job(Generic[T]):
    """One coroutine on its way to a worker's loop, and its result on the way back."""

    __slots__ = ("_after", "_cancelled", "_context", "_host", "_task", "_work", "_worker", "answer")

    def __init__(self, worker: asyncio.AbstractEventLoop, work: Work[T], after: Callable[[], None] | None) -> None:
        self._worker = worker
        self._work = work
        self._after = after
        self._host = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[T] | None = None
        self._cancelled = False
        self.answer: asyncio.Future[T] = self._host.create_future()

    def start(self) -> None:
        if self._cancelled:
            self._ended()
            return
        self._task = self._worker.create_task(self._contained(), context=self._context)
        self._task.add_done_callback(self._done)

    def cancel(self) -> None:
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()

    async def _contained(self) -> T:
        try:
            return await self._work()
        except (SystemExit, KeyboardInterrupt) as error:
            raise RuntimeError(f"module code tried to end the process: {error!r}") from error

    def _done(self, task: "asyncio.Task[T]") -> None:
        self._ended()
        try:
            self._host.call_soon_threadsafe(self._deliver, task)
        except RuntimeError:
            log.warning("a handler ended after the event loop that waited for it")

    def _ended(self) -> None:
        if self._after is not None:
            self._after()

    def _deliver(self, task: "asyncio.Task[T]") -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if self.answer.done():
            return
        if error is None:
            self.answer.set_result(task.result())
        elif isinstance(error, asyncio.CancelledError):
            self.answer.set_exception(RuntimeError("the handler cancelled itself"))
        elif isinstance(error, Exception):
            self.answer.set_exception(error)
        else:
            # Nothing on the host's loop expects it: it would pass every edge and end what it meets.
            wrapped = RuntimeError(f"module code raised a {type(error).__name__}")
            wrapped.__cause__ = error
            self.answer.set_exception(wrapped)


class WorkerThreads:
    """The threads of one module: at most ``limit`` at a time, made when needed; callers wait in the order they came."""

    def __init__(self, name: str, *, limit: int = 8, idle_seconds: float = IDLE_SECONDS) -> None:
        self._name = name
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._all)

    async def run(self, work: Work[T]) -> T:
        """Run a coroutine function on a thread of this module that is free, as soon as one is."""
        worker = await self.check_out()
        return await worker.run(work, lambda: self.give_back(worker))

    async def check_out(self) -> Worker:
        """A thread for the caller alone; it must be given back."""
        with self._lock:
            if worker := self._take():
                return worker
            turn: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(turn.result())
            raise

    def give_back(self, worker: Worker) -> None:
        """Hand a thread to whoever waits longest, or let it rest; safe from any thread."""
        with self._lock:
            if not worker.alive or worker not in self._all:
                return
            while self._waiting:
                turn = self._waiting.popleft()
                if not turn.cancelled() and self._hand_over(turn, worker):
                    return
            if self._closed:
                self._all.discard(worker)
                worker.stop()
            else:
                worker.used = monotonic()
                self._idle.append(worker)

    def close(self, seconds: float = 5.0) -> bool:
        """End all threads; False when one is still busy after that time (it ends with what it does)."""
        with self._lock:
            self._closed = True
            workers, idle = tuple(self._all), tuple(self._idle)
            self._all.difference_update(idle)
            self._idle.clear()
        for worker in idle:
            worker.stop()
        return all(worker.join(seconds) for worker in workers)

    def _take(self) -> Worker | None:
        if self._idle:
            return self._idle.pop()
        if len(self._all) >= self._limit:
            return None
        worker = Worker(f"klods-{self._name}-{len(self._all) + 1}")
        self._all.add(worker)
        worker.loop.call_soon_threadsafe(self._retire, worker)
        return worker

    def _hand_over(self, turn: "asyncio.Future[Worker]", worker: Worker) -> bool:
        try:
            turn.get_loop().call_soon_threadsafe(self._set_turn, turn, worker)
        except RuntimeError:
            return False
        return True

    def _set_turn(self, turn: "asyncio.Future[Worker]", worker: Worker) -> None:
        if turn.done():
            self.give_back(worker)
        else:
            turn.set_result(worker)

    def _retire(self, worker: Worker) -> None:
        with self._lock:
            idle_since = worker.used if worker in self._idle else monotonic()
            rested = monotonic() - idle_since >= self._idle_seconds and not asyncio.all_tasks(worker.loop)
            if rested:
                self._idle.remove(worker)
                self._all.discard(worker)
        if rested:
            worker.stop()
        else:
            worker.loop.call_later(self._idle_seconds / 2, self._retire, worker)
