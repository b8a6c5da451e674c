"""Waiting for what must come; the clock only says when a test hangs."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HANGS_AFTER_SECONDS = 60.0


def until(true: Callable[[], object]) -> None:
    """Go on as soon as something is true."""
    end = time.monotonic() + HANGS_AFTER_SECONDS
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


async def soon(true: Callable[[], object]) -> None:
    """The same without blocking the loop."""
    async with asyncio.timeout(HANGS_AFTER_SECONDS):
        while not true():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.005)


@contextmanager
def sooner_than(seconds: float) -> Iterator[None]:
    """Do something before a limit that is set by the test, and far longer than what is done in it."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds
