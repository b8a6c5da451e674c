"""Locks of the kernel: whoever holds one and dies, however it dies, lets it go."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from klods.errors import ServerFailed

PAUSE = 0.01


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, which is made when missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, operation: int) -> bool:
    """Take the lock if that is possible at once."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def alone(path: Path, seconds: float = 180) -> Iterator[int]:
    """Hold the lock file exclusively; gives its descriptor for children that must keep it when we are killed."""
    descriptor = open_lock(path)
    try:
        _wait(descriptor, path, time.monotonic() + seconds)
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, deadline: float) -> None:
    while not try_lock(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise ServerFailed(reason=f"another process has been starting or stopping it for too long ({path})")
        time.sleep(PAUSE)


class Users:
    """Who uses the server: every process holds one shared lock, so the count is never wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def join(self) -> None:
        """Count this process; only called while starts and stops wait."""
        self._descriptor = open_lock(self.path)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Stop counting this process, and the children it forked."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None

    def none_left(self) -> bool:
        """True when nobody is counted; only right while starts and stops wait."""
        descriptor = open_lock(self.path)
        try:
            return try_lock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)
