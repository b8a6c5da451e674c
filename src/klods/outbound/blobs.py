"""The contents of stored files on disk: ``<folder>/<ab>/<sha256>``, each whole or absent."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from klods.db.embedded.files import read_or_blank
from klods.db.embedded.locks import alone

LOCK = ".lock"
HUB = ".hub"
"""Names the hub whose files these are: another database knows nothing of them, and must not say what is in use."""

DRAFT = ".draft-"
FORGOTTEN_SECONDS = 24 * 3600
MEGABYTE = 1024 * 1024
AT_ONCE = 1000


class DiskBlobs:
    """Contents by their SHA-256, as several processes write and sweep them at the same time."""

    def __init__(self, folder: Path, most_bytes: int = 100 * MEGABYTE) -> None:
        self._folder = folder
        self.most_bytes = most_bytes
        """How large one may be."""

    def put(self, content: bytes) -> str:
        """Write a content and see it safely on the disk, unless it is there; return its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = self._place(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not self._touch(place):
            self._write(place, content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content; raise `FileNotFoundError` when it is not there."""
        return self._place(sha256).read_bytes()

    def sweep(self, in_use: Callable[[Sequence[str]], Collection[str]], seconds: float = FORGOTTEN_SECONDS) -> int:
        """Remove contents older than that of which ``in_use`` knows nothing, and return how many.

        Younger ones may belong to a unit that is not over yet.
        """
        removed = 0
        old = (path for path in self._files() if self._is_older(path, seconds))
        while paths := list(islice(old, AT_ONCE)):
            used = in_use([path.name for path in paths])
            removed += sum(self._remove(path, seconds) for path in paths if path.name not in used)
        return removed

    @property
    def hub(self) -> str:
        """The hub whose contents these are; empty while nobody has taken the folder."""
        return read_or_blank(self._folder / HUB)

    def take(self, hub: str) -> None:
        """Let the folder belong to a hub."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / HUB).write_text(hub, encoding="utf-8")

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("[0-9a-f][0-9a-f]/*") if path.is_file())

    def _touch(self, place: Path) -> bool:
        """Make a content young that somebody stores again; False when there is none."""
        with alone(self._folder / LOCK), suppress(FileNotFoundError):
            os.utime(place)
            return True
        return False

    def _write(self, place: Path, content: bytes) -> None:
        handle, draft = tempfile.mkstemp(prefix=DRAFT, dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(place)
        finally:
            Path(draft).unlink(missing_ok=True)
        for folder in (place.parent, self._folder):
            _sync(folder)

    def _remove(self, path: Path, seconds: float) -> bool:
        with alone(self._folder / LOCK):
            if not self._is_older(path, seconds):  # somebody has stored it again meanwhile
                return False
            path.unlink(missing_ok=True)
            return True

    def _is_older(self, path: Path, seconds: float) -> bool:
        with suppress(FileNotFoundError):
            return path.stat().st_mtime < time.time() - seconds
        return False


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
