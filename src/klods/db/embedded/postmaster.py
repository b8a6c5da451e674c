"""The running server as the system sees it: its pid file, and whether that process is really ours."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from klods.db.embedded.account import Account
from klods.db.embedded.files import write_private
from klods.errors import ServerFailed

PORT = 5432
PID_FILE = "postmaster.pid"
SOCKET = f".s.PGSQL.{PORT}"
NO_PROCESS = 2**31 - 1
FIELDS = 8
STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server: its process, when it started, the folder of its socket, what it says of itself."""

    pid: int
    started: str
    socket: Path
    status: str

    @property
    def ready(self) -> bool:
        """True when it takes connections."""
        return self.status == "ready"

    @property
    def identity(self) -> str:
        """Tells this run of the server from every other."""
        return f"{self.pid} {self.started}"


def find_postmaster(data: Path) -> Postmaster | None:
    """The live server of this data folder; a stale pid file is none, also when its pid belongs to another program."""
    fields = _fields(data / PID_FILE)
    if not fields or not fields[0].isdigit() or not is_postmaster(int(fields[0]), data):
        return None
    fields += [""] * (FIELDS - len(fields))
    return Postmaster(int(fields[0]), fields[2], Path(fields[4]), fields[7])


def is_postmaster(pid: int, data: Path) -> bool:
    """True when the process is a PostgreSQL server of this data folder."""
    words = _command(pid)
    return bool(words) and Path(words[0]).name == "postgres" and any(_same(word, data) for word in words[1:])


def is_running(pid: int) -> bool:
    """True for a process that has not ended; one that ended and waits for its parent is not running."""
    # Not by its command line: that is blank for a moment while the shell becomes the server.
    if sys.platform != "linux":
        return _ps(pid, "stat=")[:1] not in ("", "Z")
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return fields.rpartition(")")[2].split()[0] not in ("Z", "X")


def stop_postmaster(data: Path, seconds: float = STOP_SECONDS) -> bool:
    """Stop the server, politely first; True when there was one."""
    server = find_postmaster(data)
    if server is None:
        return False
    ways = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
    if not any(_send(server, data, way, seconds) for way in ways):
        raise ServerFailed(reason=f"its process {server.pid} does not stop")
    return True


def disarm(data: Path, account: Account) -> None:
    """Take the pid out of stale lock files, so that PostgreSQL does not mistake the pid's new owner for a server.

    The rest stays: with it PostgreSQL still notices old backends that are attached to the data.
    """
    for path in (data / PID_FILE, data / f"{SOCKET}.lock"):
        _replace_pid(path, account)


def _send(server: Postmaster, data: Path, number: signal.Signals, seconds: float) -> bool:
    with suppress(ProcessLookupError):
        os.kill(server.pid, number)
    deadline = time.monotonic() + seconds
    while is_postmaster(server.pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _fields(path: Path) -> list[str]:
    try:
        return [line.strip() for line in os.fsdecode(path.read_bytes()).split("\n")]
    except FileNotFoundError:
        return []


def _same(word: str, data: Path) -> bool:
    try:
        return Path(word).samefile(data)
    except (OSError, ValueError):
        return False


def _command(pid: int) -> list[str]:
    if sys.platform != "linux":
        return _command_by_ps(pid)
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in line.rstrip(b"\0").split(b"\0")] if line else []


def _command_by_ps(pid: int) -> list[str]:
    program, _, rest = _ps(pid, "command=").partition(" -D ")
    return [program, rest.partition(" -c ")[0]] if program else []


def _ps(pid: int, field: str) -> str:
    words = ["ps", "-o", field, "-p", str(pid)]
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout.strip()


def _replace_pid(path: Path, account: Account) -> None:
    fields = _fields(path)
    if fields and not fields[0]:
        path.unlink()
    elif fields:
        write_private(path, "\n".join([str(NO_PROCESS), *fields[1:]]), account)
