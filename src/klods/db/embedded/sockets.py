"""Where the server's socket is: beside the data, or in a short private folder when that path is too long for one."""

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from klods.db.embedded.account import Account
from klods.db.embedded.files import read_or_blank, write_private
from klods.db.embedded.postmaster import SOCKET
from klods.errors import ServerFailed

LONGEST_SOCKET = 103
"""Bytes of a socket's whole path that every system takes."""
RECORD = "socket"


def choose_socket_folder(base: Path, data: Path, account: Account) -> Path:
    """The data folder, or a new private one that is written down before it is made, so that none is ever forgotten."""
    forget_socket_folder(base)
    if "," not in str(data) and _fits(data):
        return data
    for place in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the new folder in it is closed to others
        folder = Path(place, f"klods-{secrets.token_hex(4)}")
        if _fits(folder) and account.can_enter(folder.parent):
            write_private(base / RECORD, str(folder))
            folder.mkdir(mode=0o700)
            return account.own(folder)
    raise ServerFailed(reason="no folder for its socket has a path that is short enough")


def forget_socket_folder(base: Path) -> None:
    """Remove the private folder of a server that does not run any more."""
    recorded = read_or_blank(base / RECORD)
    if not recorded:
        return
    folder = Path(recorded)
    with suppress(FileNotFoundError):
        # The server's account owns it and might have put a link there; only what we know of is removed.
        if stat.S_ISDIR(folder.lstat().st_mode):
            for name in (SOCKET, f"{SOCKET}.lock"):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()
    (base / RECORD).unlink()


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET
