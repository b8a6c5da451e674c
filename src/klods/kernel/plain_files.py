"""Reads the files of modules: plain ones of a sane size only, because anything else may never end."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

LARGEST = 32 << 20
"""In bytes."""

LEFT_OUT = frozenset({"__pycache__", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
"""Folders that are not part of a module."""


def read_plain(path: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a plain file; raise `OSError` for a pipe, a device or a folder, and for what is too large."""
    # Opening a pipe would wait for a writer.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        if about.st_size > largest:
            raise OSError(errno.EFBIG, f"it is larger than {largest >> 10} KiB", str(path))
        return file.read()


def read_plain_text(path: Path, largest: int = LARGEST) -> str:
    """The text of a plain UTF-8 file, with plain line ends and without a byte order mark."""
    text = read_plain(path, largest).decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def walk(folder: Path) -> Iterator[Path]:
    """Everything that makes up a module and is not a folder, in a fixed order; a link to a folder is not followed."""
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        yield from (Path(base, name) for name in sorted(files))
        yield from (path for name in folders if (path := Path(base, name)).is_symlink())


def leaves(path: str) -> bool:
    """Whether a path that should stay below a folder is written to end elsewhere."""
    return path.startswith("/") or ".." in path.split("/")


def why_not_plain(path: Path) -> str:
    """What a path is instead of a plain file; empty for a plain file."""
    if path.is_symlink():
        return "a link"
    return "" if path.is_file() else "not a plain file"
