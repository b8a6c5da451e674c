"""Approved copies of modules: what is in force runs from here, whatever happens to the folder meanwhile."""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from klods.errors import InvalidDefinition, NoSuchModule
from klods.kernel.catalog import Module, Origin, Source
from klods.kernel.names import package_name
from klods.kernel.plain_files import walk, why_not_plain

log = logging.getLogger(__name__)


def content_files(folder: Path) -> Iterator[Path]:
    """The files that make up a module, relative to its folder, in a fixed order; links are refused."""
    for path in walk(folder):
        if reason := why_not_plain(path):
            raise InvalidDefinition(problems=f"{path} is {reason}; a module holds plain files only")
        if path.suffix != ".pyc":
            yield path.relative_to(folder)


def content_hash(folder: Path) -> str:
    """A fingerprint over the names and bytes of all files of a module."""
    digest = hashlib.sha256()
    for path in content_files(folder):
        data = (folder / path).read_bytes()
        digest.update(f"{path.as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:40]


class ApprovedCopies:
    """The content store on disk: ``<base>/<code>/<hash>/``, each folder complete or absent."""

    def __init__(self, base: Path, *, in_place: bool = False) -> None:
        self._base = base
        self._in_place = in_place

    def fingerprint(self, module: Module) -> str:
        """The hash of what stands in the module's folder now."""
        return content_hash(module.source.folder)

    def approve(self, module: Module) -> str:
        """Copy the module's content beside the data, if it is not there, and return its hash."""
        if self._runs_in_place(module):
            return self.fingerprint(module)
        shelf = self._base / module.code
        shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=shelf))
        try:
            return self._publish(_copy(module.source.folder, draft), shelf)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def approved(self, module: Module, content_hash: str) -> Source:
        """Where the approved copy stands; raise `NoSuchModule` when it is gone."""
        if self._runs_in_place(module):
            return module.source
        found = self.find(module.code, content_hash)
        if found is None:
            raise NoSuchModule(module=module.code)
        return found

    def find(self, code: str, content_hash: str) -> Source | None:
        """The approved copy with that hash, known by nothing but its names; None when there is none."""
        folder = self._base / code / content_hash
        if self._in_place or not content_hash or not folder.is_dir():
            return None
        return Source(code, folder, package_name(code))

    def forget(self, code: str, keep: Collection[str]) -> None:
        """Delete the approved copies of a module but those with these hashes; what cannot be deleted is only logged."""
        shelf = self._base / code
        for folder in shelf.iterdir() if shelf.is_dir() else ():
            if folder.name not in keep:
                shutil.rmtree(folder, onerror=_say_left)
        with suppress(OSError):  # something is kept, or there is nothing
            shelf.rmdir()

    def _runs_in_place(self, module: Module) -> bool:
        return self._in_place or module.source.origin is not Origin.FOLDER

    def _publish(self, draft: Path, shelf: Path) -> str:
        # The hash is taken of the copy: what somebody saves meanwhile cannot slip in under it.
        name = content_hash(draft)
        try:
            draft.rename(shelf / name)
        except OSError:
            if not (shelf / name).is_dir():
                raise
        _sync(shelf)
        return name


def _say_left(_function: object, path: str, error: object) -> None:
    log.warning("%s is not needed any more and could not be deleted: %s", path, error)


def _copy(folder: Path, draft: Path) -> Path:
    for path in content_files(folder):
        target = draft / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("rb") as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy)
            os.fsync(copy.fileno())
    return draft


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
