"""What a client sends, readable from the host's event loop and from those of worker threads."""

import asyncio
import threading
from concurrent.futures import Future
from functools import partial

from starlette.types import Message, Receive


class Inbox:
    """The client's messages, for whichever loop asks; a message whose reader was cancelled is kept for the next."""

    __slots__ = ("_host", "_pending", "_receive", "_thread")

    def __init__(self, receive: Receive, host: asyncio.AbstractEventLoop, thread: int) -> None:
        self._receive = receive
        self._host = host
        self._thread = thread
        self._pending: asyncio.Future[Message] | None = None

    async def __call__(self) -> Message:
        """Wait for the next message."""
        if threading.get_ident() != self._thread:
            return await self._from_elsewhere()
        if self._pending is None:
            return await self._receive()
        message = await asyncio.shield(self._pending)
        self._pending = None
        return message

    def close(self) -> None:
        """Nobody will read any more."""
        if self._pending is not None:
            self._pending.cancel()

    async def _from_elsewhere(self) -> Message:
        wanted: Future[Message] = Future()
        self._host.call_soon_threadsafe(self._want, wanted)
        try:
            return await asyncio.wrap_future(wanted)
        except asyncio.CancelledError:
            if not wanted.cancel() and wanted.exception() is None:
                self._host.call_soon_threadsafe(self._put_back, wanted.result())
            raise

    def _want(self, wanted: "Future[Message]") -> None:
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._receive())
        self._pending.add_done_callback(partial(self._deliver, wanted))

    def _deliver(self, wanted: "Future[Message]", pending: "asyncio.Future[Message]") -> None:
        if pending.cancelled():
            wanted.cancel()
        elif wanted.set_running_or_notify_cancel():
            self._pending = None
            if error := pending.exception():
                wanted.set_exception(error)
            else:
                wanted.set_result(pending.result())

    def _put_back(self, message: Message) -> None:
        self._pending = self._host.create_future()
        self._pending.set_result(message)
