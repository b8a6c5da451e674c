"""The embedded server as its users see it: join, leave, keep, stop."""

import logging
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from klods.db.embedded.access import Access, write_private
from klods.db.embedded.account import server_account
from klods.db.embedded.binaries import find_binaries
from klods.db.embedded.cluster import Cluster
from klods.db.embedded.locks import Users, alone
from klods.db.embedded.postmaster import find_postmaster
from klods.errors import InUse, ServerFailed

STATE = Path("/var/lib/klods")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the server without starting it."""

    running: bool
    kept: bool
    pid: int | None
    data: Path
    socket: Path | None


class EmbeddedServer:
    """A server shared by any number of processes: the first one starts it, the last one to leave stops it.

    Everything that changes it happens under one lock, and users are counted by locks that the kernel releases, so a
    process may be killed at any moment. A forked child belongs to its parent: it joins on its own to be counted.
    """

    def __init__(self, base: Path, *, fast: bool = False) -> None:
        self.base = base.absolute()
        self.fast = fast
        self._users = Users(self.base / "users.lock")
        self._pid = os.getpid()

    def join(self) -> str:
        """Count this process as a user, start the server if it is down, and return the host's conninfo."""
        self._make_base()
        with alone(self._guard) as lock:
            self._users.join()
            try:
                return self._start(lock)
            except BaseException:
                self._users.leave()
                raise

    def leave(self) -> None:
        """Stop counting this process; the last one stops the server, unless it is kept."""
        if os.getpid() != self._pid:
            return
        with alone(self._guard):
            self._users.leave()
            if self._users.none_left() and not self.status().kept:
                self._cluster().stop()

    def keep(self) -> None:
        """Let the running server run on without users until `stop`."""
        with alone(self._guard):
            server = find_postmaster(self._cluster().data)
            if server is None:
                raise ServerFailed(reason="it is not running")
            write_private(self.base / "kept", server.identity)

    def stop(self) -> bool:
        """Stop a kept server; True when it ran. Raises `InUse` while others use it."""
        if not self.base.exists():
            return False
        with alone(self._guard):
            was = self.status()
            if was.running and not self._users.none_left():
                raise InUse(what="The embedded PostgreSQL", who="other processes")
            (self.base / "kept").unlink(missing_ok=True)
            self._cluster().stop()
            return was.running

    def status(self) -> Status:
        """Whether it runs, where, and whether it is kept."""
        data = self._place() / "data"
        server = find_postmaster(data) if data.exists() else None
        if server is None:
            return Status(running=False, kept=False, pid=None, data=data, socket=None)
        kept = _read(self.base / "kept") == server.identity
        return Status(running=True, kept=kept, pid=server.pid, data=data, socket=server.socket)

    @property
    def _guard(self) -> Path:
        return self.base / "change.lock"

    def _start(self, lock: int) -> str:
        cluster = self._cluster()
        access = Access(self.base)
        if not cluster.exists():
            cluster = self._settle(cluster)
            cluster.create(access, lock)
        return access.ensure_login(cluster.start().socket)

    def _cluster(self) -> Cluster:
        account = server_account(self.base)
        place = self._place()
        binaries = find_binaries().reachable(account, place)
        return Cluster(place / "data", self.base / "server.log", binaries, account, self.fast)

    def _settle(self, cluster: Cluster) -> Cluster:
        """Choose a place for new data that the server's account can reach, opening no folder for it."""
        if cluster.account.can_enter(self._place()):
            return cluster
        STATE.mkdir(mode=0o711, exist_ok=True)
        slug = re.sub(r"[^A-Za-z0-9]+", "-", str(self.base)).strip("-")[-60:]
        place = Path(tempfile.mkdtemp(prefix=f"{slug}-", dir=STATE))
        place.chmod(0o711)
        write_private(self.base / "elsewhere", str(place))
        log.warning("The account of PostgreSQL cannot enter %s; the data is in %s", self.base, place)
        return self._cluster()

    def _place(self) -> Path:
        return Path(_read(self.base / "elsewhere") or self.base)

    def _make_base(self) -> None:
        try:
            self.base.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            return
        if server_account(self.base).other:
            self.base.chmod(0o711)


def _read(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text("utf-8").strip()
    return ""
