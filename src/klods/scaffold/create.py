"""Makes a new module out of a template: whole, or not at all."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from klods.errors import CannotWrite, NameTaken
from klods.scaffold.structure import read_structure
from klods.scaffold.taken import Neighbour, free_prefix, neighbours
from klods.scaffold.words import Words

DRAFT = ".klods-create-"


@dataclass(frozen=True, slots=True)
class Created:
    """A module that was made."""

    code: str
    name: str
    description: str
    template: str
    folder: Path
    files: tuple[str, ...]


def create_module(words: Words, modules_dir: Path, template: str = "basic") -> Created:
    """Make the module's folder in ``modules_dir``; raise `NameTaken` or `CannotWrite` and leave nothing behind.

    The code must be one that `klods.kernel.names.check_code` accepts.
    """
    target = modules_dir.absolute() / words.python
    try:
        modules_dir.mkdir(parents=True, exist_ok=True)
        with _alone(modules_dir):
            around = neighbours(modules_dir)
            _refuse_taken(words, target, around)
            files = _write_whole(replace(words, prefix=free_prefix(words.python, around)), target, template)
    except OSError as error:
        raise CannotWrite(path=target, reason=error.strerror or str(error)) from error
    return Created(words.code, words.title, words.sentence, template, target, files)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder against other creates; the kernel lets go when this process dies."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse_taken(words: Words, target: Path, around: tuple[Neighbour, ...]) -> None:
    reason = next((other.reason for other in around if other.python == words.python), None)
    if reason is None and os.path.lexists(target):
        reason = f"{target} exists"
    if reason is not None:
        raise NameTaken(name=words.code, reason=reason)


def _write_whole(words: Words, target: Path, template: str) -> tuple[str, ...]:
    _sweep(target.parent)
    draft = target.with_name(DRAFT + target.name)
    try:
        draft.mkdir()
        files = tuple(_write_files(words, draft, template))
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _flush(target.parent)
    return files


def _sweep(folder: Path) -> None:
    """Remove what creates that were killed left behind; nobody works on it while the folder is held."""
    for draft in folder.glob(f"{DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)


def _write_files(words: Words, draft: Path, template: str) -> Iterator[str]:
    for path, source in read_structure().templates[template].files().items():
        name = words.fill(str(path))
        file = draft / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as handle:
            handle.write(words.fill(source.read_text("utf-8"), source.suffix))
            handle.flush()
            os.fsync(handle.fileno())
        yield name


def _flush(folder: Path) -> None:
    """Make the renaming itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
