"""The embedded server as its users see it: join, leave, keep, stop."""

import logging
import os
import pwd
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from klods.db.embedded.access import Access
from klods.db.embedded.account import Account, server_account
from klods.db.embedded.binaries import find_binaries
from klods.db.embedded.cluster import Cluster
from klods.db.embedded.files import read_or_blank, write_private
from klods.db.embedded.locks import Users, alone
from klods.db.embedded.postmaster import find_postmaster
from klods.db.embedded.warden import (
    ELSEWHERE,
    GUARD,
    KEPT,
    USERS,
    data_folder,
    ensure_warden,
    is_kept,
    stop_now,
    stop_unused,
)
from klods.errors import InUse, ServerFailed

STATE = "/var/lib/klods"
HOME = "home"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the server without starting it."""

    data: Path
    running: bool = False
    kept: bool = False
    pid: int | None = None
    socket: Path | None = None
    users: tuple[int, ...] = ()


class EmbeddedServer:
    """A server shared by any number of processes: the first one starts it, the last one to leave stops it.

    Everything that changes it happens under one lock, and users are counted by locks that the kernel releases, so a
    process may be killed at any moment. A forked child belongs to its parent: it joins on its own to be counted.
    """

    def __init__(self, base: Path, *, fast: bool = False) -> None:
        self.base = base.absolute()
        self.fast = fast
        self._users = Users(self.base / USERS)
        self._pid = os.getpid()

    def join(self) -> str:
        """Count this process as a user, start the server if it is down, and return the host's conninfo."""
        self._open_base()
        with alone(self.base / GUARD) as lock:
            self._users.join()
            try:
                return self._start(lock)
            except BaseException:
                self._part()
                raise

    def leave(self) -> None:
        """Stop counting this process; the last one stops the server, unless it is kept."""
        if os.getpid() == self._pid and self.base.exists():
            with alone(self.base / GUARD):
                self._part()

    def keep(self) -> None:
        """Let the running server run on without users until `stop`."""
        with alone(self.base / GUARD):
            server = find_postmaster(data_folder(self.base))
            if server is None:
                raise ServerFailed(reason="it is not running")
            write_private(self.base / KEPT, server.identity)

    def stop(self) -> bool:
        """Stop a server that was kept; True when it ran. Raises `InUse` while others use it."""
        if not (self.base / GUARD).exists():
            return False
        with alone(self.base / GUARD):
            if find_postmaster(data_folder(self.base)) and not self._users.none_left():
                users = ", ".join(map(str, self._users.processes()))
                raise InUse(what="The embedded PostgreSQL", who=f"process {users}" if users else "other processes")
            (self.base / KEPT).unlink(missing_ok=True)
            return stop_now(self.base)

    def status(self) -> Status:
        """Whether it runs, where, for whom, and whether it is kept."""
        data = data_folder(self.base)
        server = find_postmaster(data)
        if server is None:
            return Status(data)
        return Status(
            data, running=True, kept=is_kept(self.base, server), pid=server.pid, socket=server.socket,
            users=tuple(self._users.processes()),
        )  # fmt: skip

    def _start(self, lock: int) -> str:
        data = data_folder(self.base)
        account = server_account(data)
        if not data.exists():
            data = self._settle(account) / "data"
        binaries = find_binaries().reachable(account, data.parent)
        cluster = Cluster(data, self.base, binaries, account, self.fast)
        access = Access(self.base)
        fresh = not cluster.exists()
        if fresh:
            cluster.create(access, lock)
        ensure_warden(self.base)
        server = cluster.start()
        try:
            return access.ensure_login(server.socket, fresh=fresh)
        except ServerFailed:
            if find_postmaster(data) == server:
                raise
        # A server that was killed is seen a moment longer than it answers.
        return access.ensure_login(cluster.start().socket, fresh=fresh)

    def _part(self) -> None:
        self._users.leave()
        stop_unused(self.base)

    def _settle(self, account: Account) -> Path:
        """Choose a place for new data that the server's account can reach, opening no folder for it."""
        place = data_folder(self.base).parent
        if account.can_enter(place):
            return place
        state = Path(os.environ.get("STATE_DIRECTORY", STATE).split(":")[0])
        state.mkdir(mode=0o711, exist_ok=True)
        for earlier in state.iterdir():
            if read_or_blank(earlier / HOME) == str(self.base):
                log.warning("%s still holds data from before %s was deleted", earlier, self.base)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", str(self.base))[-60:].strip("-")
        place = Path(tempfile.mkdtemp(prefix=f"{slug}-", dir=state))
        place.chmod(0o711)
        write_private(place / HOME, str(self.base))
        write_private(self.base / ELSEWHERE, str(place))
        log.warning("The account that PostgreSQL runs as cannot enter %s; its data is in %s", self.base, place)
        return place

    def _open_base(self) -> None:
        """Make the base folder, for us alone; root's may be passed through, because the server is not root."""
        mode = 0o700 if os.geteuid() else 0o711
        _check_name(self.base)
        self.base.mkdir(mode=mode, parents=True, exist_ok=True)
        found = self.base.stat()
        if found.st_uid != os.geteuid():
            raise ServerFailed(
                reason=f"{self.base} belongs to {_name(found.st_uid)}; run as that user, or set KLODS_HOME"
            )
        if found.st_mode & 0o777 != mode:
            self.base.chmod(mode)


def _check_name(base: Path) -> None:
    try:
        os.fsencode(base).decode("utf-8")
    except UnicodeDecodeError:
        raise ServerFailed(reason="the path of KLODS_HOME is not valid UTF-8") from None
    if "\n" in str(base):
        raise ServerFailed(reason="the path of KLODS_HOME holds a line break")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
