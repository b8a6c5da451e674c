"""One data folder and its server: made, started, stopped. Whoever calls this holds the lock for changes."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from klods.db.embedded.access import SUPERUSER, Access, write_private
from klods.db.embedded.account import Account
from klods.db.embedded.binaries import Binaries
from klods.db.embedded.postmaster import SOCKET, Postmaster, disarm, find_postmaster, running, send
from klods.errors import ServerFailed, WrongDataVersion

SOCKET_PREFIX = "klods-"
LONGEST_SOCKET = 103  # bytes of a socket's whole path that every system takes
LARGEST_LOG = 10_000_000
START_SECONDS = 300.0
STOP_SECONDS = 60.0
LAUNCH = '"$@" </dev/null >&2 & echo $!'
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "4GB"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder with the programs and the account that serve it."""

    data: Path
    log: Path
    binaries: Binaries
    account: Account
    fast: bool = False

    def exists(self) -> bool:
        """True when the data folder is whole; raises `WrongDataVersion` when other programs made it."""
        try:
            found = (self.data / "PG_VERSION").read_text("ascii").strip()
        except FileNotFoundError:
            return False
        if found != str(self.binaries.major):
            raise WrongDataVersion(found=found, wanted=self.binaries.major, folder=str(self.data))
        return True

    def create(self, access: Access, lock: int) -> None:
        """Make the data folder beside its place and move it there when it is whole."""
        place = self.data.parent
        for leftover in place.glob("new-*"):
            _remove(leftover)
        draft = self.account.own(Path(tempfile.mkdtemp(prefix="new-", dir=place)))
        secret = draft.with_suffix(".password")
        write_private(secret, access.password(SUPERUSER))
        self.account.own(secret)
        self._initialise(draft, secret, lock)
        secret.unlink()
        draft.rename(self.data)

    def start(self) -> Postmaster:
        """The running server, started if it is down."""
        server = self.running()
        if server is None:
            server = self._await(self._launch(self._socket_folder()))
        return server

    def running(self) -> Postmaster | None:
        """The live server once it takes connections, or None; waits for one that is starting or stopping."""
        deadline = time.monotonic() + START_SECONDS
        while (server := find_postmaster(self.data)) and not server.ready:
            if time.monotonic() > deadline:
                raise ServerFailed(reason=f"it has been {server.status or 'starting'} for too long", log=self._tail())
            time.sleep(0.01)
        return server

    def stop(self) -> None:
        """Stop the server, if it runs, and remove the folder of its socket."""
        server = find_postmaster(self.data)
        if server is None:
            return
        stopped = any(
            send(server, self.data, number, STOP_SECONDS) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
        )
        if not stopped:
            raise ServerFailed(reason=f"process {server.pid} does not stop", log=self._tail())
        self._forget_socket(server.socket)

    def _initialise(self, draft: Path, secret: Path, lock: int) -> None:
        arguments = [
            *("--pgdata", draft, "--username", SUPERUSER, "--pwfile", secret),
            *("--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-c", "jit=off"),
            *(["--no-sync"] if self.fast else []),
        ]
        # The lock goes along: when we are killed, nobody else begins before initdb has ended.
        done = self._run([self.binaries.program("initdb"), *map(str, arguments)], pass_fds=[lock])
        if done.returncode:
            raise ServerFailed(reason="initdb failed", log=done.stderr.strip() or done.stdout.strip())

    def _run(self, words: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        options = {"stderr": subprocess.PIPE, **self.account.options(), **options}
        return subprocess.run(
            words, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
            cwd="/", env=ENVIRONMENT, start_new_session=True, **options,
        )  # fmt: skip

    def _launch(self, socket: Path) -> int:
        old = disarm(self.data, self.account)
        if old is not None:
            self._forget_socket(old)
        quoted = str(socket).replace('"', '""')
        settings = {
            "listen_addresses": "", "unix_socket_directories": f'"{quoted}"', "unix_socket_permissions": "0700",
            **(FAST if self.fast else {}),
        }  # fmt: skip
        words = [self.binaries.program("postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            # The shell hands the server to init, so that it is nobody's child and never a zombie of a user.
            started = self._run(["/bin/sh", "-c", LAUNCH, "klods", *words], stderr=log)
        return int(started.stdout)

    def _await(self, pid: int) -> Postmaster:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            server = find_postmaster(self.data)
            if server is not None and server.ready:
                return server
            if server is None and not running(pid):
                raise ServerFailed(reason="it ended at once", log=self._tail())
            time.sleep(0.01)
        raise ServerFailed(reason=f"it was not ready within {START_SECONDS:.0f} s", log=self._tail())

    def _socket_folder(self) -> Path:
        path = str(self.data)
        if "," not in path and len(os.fsencode(self.data / SOCKET)) <= LONGEST_SOCKET:
            return self.data
        for place in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the new folder in it is closed to others
            folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=place))
            if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET and self.account.can_enter(folder.parent):
                return self.account.own(folder)
            folder.rmdir()
        raise ServerFailed(reason="no folder for its socket has a path that is short enough")

    def _forget_socket(self, folder: Path) -> None:
        if folder != self.data and folder.name.startswith(SOCKET_PREFIX) and folder.exists():
            shutil.rmtree(folder, ignore_errors=True)

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")

    def _tail(self, lines: int = 12) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
                return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
