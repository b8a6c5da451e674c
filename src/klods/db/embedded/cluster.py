"""One data folder and its server: made and started. Whoever calls this holds the lock for changes."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from klods.db.embedded.access import SUPERUSER, Access
from klods.db.embedded.account import Account
from klods.db.embedded.binaries import Binaries
from klods.db.embedded.files import remove, sync_folder, write_private
from klods.db.embedded.launch import detach, run
from klods.db.embedded.postmaster import Postmaster, disarm, find_postmaster, is_running
from klods.db.embedded.sockets import choose_socket_folder
from klods.errors import ServerFailed, WrongDataVersion

LARGEST_LOG = 10_000_000
START_SECONDS = 300.0
OLD_BACKENDS = "pre-existing shared memory block"
OLD_BACKENDS_SECONDS = 15.0
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder with the programs and the account that serve it."""

    data: Path
    base: Path
    binaries: Binaries
    account: Account
    fast: bool = False

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.base / "server.log"

    def exists(self) -> bool:
        """True when the data folder is whole; raises `WrongDataVersion` when other programs made it."""
        try:
            found = (self.data / "PG_VERSION").read_text("ascii").strip()
        except FileNotFoundError:
            if self.data.exists() and any(self.data.iterdir()):
                raise ServerFailed(reason=f"{self.data} is not empty and not a data folder of PostgreSQL") from None
            return False
        if found != str(self.binaries.major):
            raise WrongDataVersion(found=found, wanted=self.binaries.major, folder=str(self.data))
        return True

    def create(self, access: Access, lock: int) -> None:
        """Make the data folder beside its place and move it there when it is whole."""
        place = self.data.parent
        for leftover in place.glob("new-*"):
            remove(leftover)
        draft = self.account.own(Path(tempfile.mkdtemp(prefix="new-", dir=place)))
        secret = draft.with_suffix(".password")
        write_private(secret, access.password(SUPERUSER), self.account)
        self._initialise(draft, secret, lock)
        secret.unlink()
        draft.rename(self.data)
        sync_folder(place)

    def start(self) -> Postmaster:
        """The running server, started if it is down."""
        deadline = time.monotonic() + OLD_BACKENDS_SECONDS
        while True:
            try:
                return self._running() or self._await(*self._launch())
            except ServerFailed as error:
                if OLD_BACKENDS not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _running(self) -> Postmaster | None:
        """The live server once it takes connections, or None; waits for one that is starting or stopping."""
        deadline = time.monotonic() + START_SECONDS
        while (server := find_postmaster(self.data)) and not server.ready:
            if time.monotonic() > deadline:
                raise ServerFailed(reason=f"it has been {server.status or 'starting'} for too long")
            time.sleep(0.01)
        return server

    def _initialise(self, draft: Path, secret: Path, lock: int) -> None:
        arguments = [
            *("--pgdata", draft, "--username", SUPERUSER, "--pwfile", secret),
            *("--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-c", "jit=off"),
            *(["--no-sync"] if self.fast else []),
        ]
        # The lock goes along: when we are killed, nobody else begins before initdb has ended.
        options = {"env": ENVIRONMENT, "pass_fds": [lock], **self.account.options()}
        done = run([self.binaries.program("initdb"), *map(str, arguments)], **options)
        if done.returncode:
            raise ServerFailed(reason=f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self) -> tuple[int, int]:
        disarm(self.data, self.account)
        quoted = str(choose_socket_folder(self.base, self.data, self.account)).replace('"', '""')
        settings = {
            "listen_addresses": "", "unix_socket_directories": f'"{quoted}"', "unix_socket_permissions": "0700",
            **(FAST if self.fast else {}),
        }  # fmt: skip
        words = [self.binaries.program("postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            logged = log.seek(0, os.SEEK_END)
            return detach(words, log, env=ENVIRONMENT, **self.account.options()), logged

    def _await(self, pid: int, logged: int) -> Postmaster:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            server = find_postmaster(self.data)
            if server is not None and server.ready:
                return server
            if server is None and not is_running(pid):
                raise ServerFailed(reason=f"it ended at once; its log ends with\n{self._tail(logged)}")
            time.sleep(0.01)
        raise ServerFailed(reason=f"not ready within {START_SECONDS:.0f} s; its log ends with\n{self._tail(logged)}")

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.fdopen(os.open(self.log, flags, 0o600), "ab")

    def _tail(self, logged: int, lines: int = 12) -> str:
        with self.log.open("rb") as file:
            file.seek(logged)
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
