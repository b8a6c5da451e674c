"""Small private files: written whole or not at all, never through somebody else's symbolic link."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from klods.db.embedded.account import Account


def write_private(path: Path, text: str, owner: Account | None = None) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f"new-{path.name}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.fsencode(text))
        file.flush()
        os.fsync(descriptor)
        if owner is not None and owner.other:
            os.fchown(descriptor, owner.uid, owner.gid)
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in this folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_or_blank(path: Path) -> str:
    """The text of the file, or an empty string when there is none."""
    with suppress(FileNotFoundError):
        return os.fsdecode(path.read_bytes()).strip()
    return ""


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
