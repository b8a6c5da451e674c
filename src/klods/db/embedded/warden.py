"""A small process that stops the server when all its users were killed before they could.

It does what the last user does when it leaves in order, and ends when there is nothing left to watch.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from klods.db.embedded.files import read_or_blank
from klods.db.embedded.launch import detach
from klods.db.embedded.locks import Users, alone, is_free, open_lock, try_lock
from klods.db.embedded.postmaster import Postmaster, find_postmaster, stop_postmaster
from klods.db.embedded.sockets import forget_socket_folder

GUARD = "change.lock"
USERS = "users.lock"
WARDEN = "warden.lock"
KEPT = "kept"
ELSEWHERE = "elsewhere"
SECONDS = 1.0


def data_folder(base: Path) -> Path:
    """Where the server's data is: in the base folder, or where a pointer there says."""
    return Path(read_or_blank(base / ELSEWHERE) or base) / "data"


def is_kept(base: Path, server: Postmaster) -> bool:
    """True when this run of the server was asked to go on without users."""
    return read_or_blank(base / KEPT) == server.identity


def stop_unused(base: Path) -> bool:
    """Stop a server that has no users and is not kept; True when none runs then. Needs the lock for changes."""
    server = find_postmaster(data_folder(base))
    if not Users(base / USERS).none_left() or (server is not None and is_kept(base, server)):
        return False
    stop_now(base)
    return True


def stop_now(base: Path) -> bool:
    """Stop the server whoever uses it; True when it ran. Needs the lock for changes."""
    stopped = stop_postmaster(data_folder(base))
    forget_socket_folder(base)
    return stopped


def ensure_warden(base: Path) -> None:
    """Start a warden when none is watching. Needs the lock for changes."""
    if sys.executable and is_free(base / WARDEN):
        os.close(open_lock(base / WARDEN))
        with open(os.devnull, "ab") as silence:  # noqa: PTH123 - os.devnull is no path of ours
            detach([sys.executable, "-P", "-m", __name__, base], silence)


def watch(base: Path) -> None:
    """Look once a second, until there have been no users and no server for two looks.

    It makes no file, so that who deletes the base folder meets nothing new in it; then it ends with `FileNotFoundError`.
    """
    mine = open_lock(base / WARDEN, create=False)
    idle = 0
    while idle < 2 and try_lock(mine):
        time.sleep(SECONDS)
        with alone(base / GUARD, create=False):
            idle = idle + 1 if stop_unused(base) else 0
            if idle == 2:
                os.close(mine)  # before the next user looks for a warden


if __name__ == "__main__":
    with suppress(FileNotFoundError):
        watch(Path(sys.argv[1]))
