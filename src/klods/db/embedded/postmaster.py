"""The running server as the system sees it: its pid file, and whether that process is really ours."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from klods.db.embedded.account import Account

PORT = 5432
PID_FILE = "postmaster.pid"
SOCKET = f".s.PGSQL.{PORT}"
NO_PROCESS = 2**31 - 1
FIELDS = 8


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server: its process, the folder of its socket, when it started, what it says of itself."""

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
    if len(fields) < 1 or not fields[0].isdigit() or not is_postmaster(int(fields[0]), data):
        return None
    fields += [""] * (FIELDS - len(fields))
    return Postmaster(int(fields[0]), fields[2], Path(fields[4]), fields[7])


def is_postmaster(pid: int, data: Path) -> bool:
    """True when the process is a PostgreSQL server of this data folder."""
    words = _command(pid)
    return bool(words) and Path(words[0]).name == "postgres" and any(_same(word, data) for word in words[1:])


def running(pid: int) -> bool:
    """True for a process that has not ended; one that ended and waits for its parent is not running."""
    return bool(_command(pid))


def disarm(data: Path, account: Account) -> Path | None:
    """Take the pid out of stale lock files, so that PostgreSQL does not mistake the pid's new owner for a server.

    The rest stays: with it PostgreSQL still notices old backends that are attached to the data.
    Returns the folder where the dead server had its socket.
    """
    fields = _fields(data / PID_FILE)
    for path in (data / PID_FILE, data / f"{SOCKET}.lock"):
        _replace_pid(path, account)
    return Path(fields[4]) if len(fields) > 4 and fields[4] else None


def send(server: Postmaster, data: Path, number: signal.Signals, seconds: float) -> bool:
    """Signal the server and wait until it has ended; False when it has not in that time."""
    try:
        os.kill(server.pid, number)
    except ProcessLookupError:
        return True
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
    found = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True)
    program, _, rest = found.stdout.strip().partition(" -D ")
    return [program, rest.partition(" -c ")[0]] if program else []


def _replace_pid(path: Path, account: Account) -> None:
    fields = _fields(path)
    if not fields:
        return
    if not fields[0]:
        path.unlink()
        return
    draft = path.with_name(f"new-{path.name}")
    draft.write_bytes(os.fsencode("\n".join([str(NO_PROCESS), *fields[1:]])))
    draft.chmod(0o600)
    account.own(draft).replace(path)
