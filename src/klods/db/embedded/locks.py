"""Locks of the kernel: whoever holds one and dies, however it dies, lets it go."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from klods.errors import ServerFailed

PAUSE = 0.01


def open_lock(path: Path, *, create: bool = True) -> int:
    """A descriptor of the lock file, which is made when missing."""
    return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT if create else 0), 0o600)


def try_lock(descriptor: int, operation: int = fcntl.LOCK_EX) -> bool:
    """Take the lock if that is possible at once."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(path: Path) -> bool:
    """True when nobody holds the lock."""
    try:
        descriptor = open_lock(path, create=False)
    except FileNotFoundError:
        return True
    try:
        return try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path, *, create: bool = True, seconds: float = 360) -> Iterator[int]:
    """Hold the lock file exclusively; gives its descriptor for children that must keep it when we are killed."""
    descriptor = open_lock(path, create=create)
    try:
        deadline = time.monotonic() + seconds
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise ServerFailed(reason=f"another process has been starting or stopping it for too long ({path})")
            time.sleep(PAUSE)
        yield descriptor
    finally:
        os.close(descriptor)


class Users:
    """Who uses the server: every process holds one shared lock, so the count is never wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def join(self) -> None:
        """Count this process, once; only called while starts and stops wait."""
        if self._descriptor is None:
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
        return is_free(self.path)

    def processes(self) -> list[int]:
        """The ids of the counted processes, where the system tells them (Linux)."""
        try:
            lines = Path("/proc/locks").read_text("ascii").splitlines()
            inode = str(self.path.stat().st_ino)
        except OSError:
            return []
        fields = [line.split() for line in lines]
        return sorted({int(f[4]) for f in fields if f[1] == "FLOCK" and f[3] == "READ" and f[5].split(":")[2] == inode})
