"""Files that a module keeps: `klods.files`.

Each module has files of its own on each platform. What is written, deleted and read belongs to the unit as rows do: it is
undone with it, and a dry run leaves nothing. A path is relative, like ``reports/2026/may.pdf``.
"""

import builtins
import hashlib
import threading

from klods.db.scope import Scope, open_scope
from klods.db.stored_files import FileRows, StoredFile
from klods.errors import BlockingCall, CannotWrite, FileLost, FileTooLarge, NoSuchFile, ReadOnlyModule
from klods.kernel.ports import Blobs
from klods.kernel.stored_paths import checked_path, checked_prefix

__all__ = ["StoredFile", "delete", "exists", "list", "read", "write"]


def write(path: str, data: bytes) -> None:
    """Store a file, in the place of one that is there.

    Raises `InvalidPath`, `FileTooLarge`, or `ReadOnlyModule` when the module must not write.
    """
    checked_path(path)
    scope, content = _writing(), _content(data)
    blobs = _blobs(scope)
    if len(content) > blobs.most_bytes:
        raise FileTooLarge(path=path, size=len(content), most=blobs.most_bytes)
    FileRows(scope).store(path, _keep(scope, blobs, content), len(content))


def read(path: str) -> bytes:
    """The content of a file; raise `NoSuchFile` when there is none."""
    scope = open_scope()
    found = FileRows(scope).find(checked_path(path))
    if found is None:
        raise NoSuchFile(module=scope.module, path=path)
    if (held := scope.course.contents.get(found.sha256)) is not None:
        return held
    try:
        return _blobs(scope).get(found.sha256)
    except FileNotFoundError:
        raise FileLost(module=scope.module, path=path) from None


def exists(path: str) -> bool:
    """Whether there is such a file."""
    return FileRows(open_scope()).find(checked_path(path)) is not None


def delete(path: str) -> None:
    """Delete a file; raise `NoSuchFile` when there is none."""
    scope = _writing()
    if not FileRows(scope).drop(checked_path(path)):
        raise NoSuchFile(module=scope.module, path=path)


def list(prefix: str = "") -> builtins.list[StoredFile]:  # noqa: A001 - it is called as `files.list`
    """The files whose paths begin with this, by name: each with its ``name``, ``size`` and ``time``."""
    return [*FileRows(open_scope()).beginning_with(checked_prefix(prefix))]


def _writing() -> Scope:
    scope = open_scope()
    if scope.read_only:
        raise ReadOnlyModule(module=scope.held_by or scope.module)
    if scope.host_thread == threading.get_ident():
        raise BlockingCall
    return scope


def _content(data: bytes) -> bytes:
    try:
        return bytes(memoryview(data))
    except TypeError:
        message = "a file is made of bytes; encode a text first"
        raise TypeError(message) from None


def _blobs(scope: Scope) -> Blobs:
    if scope.database.blobs is None:
        raise CannotWrite(path="files", reason="this process knows no folder for files")
    return scope.database.blobs


def _keep(scope: Scope, blobs: Blobs, content: bytes) -> str:
    """Put the content where it is found again: in a dry run nowhere but here."""
    if not scope.dry:
        try:
            return blobs.put(content)
        except OSError as error:
            raise CannotWrite(path=error.filename, reason=error.strerror) from error
    sha256 = hashlib.sha256(content).hexdigest()
    scope.course.contents[sha256] = content
    return sha256
