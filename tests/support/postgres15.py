"""A server of Debian's PostgreSQL 15 for tests: logins with passwords, and nothing hardened, as a company's own would be."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from klods.db.embedded.account import Account, server_account

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
PASSWORD = "correct horse"
START_SECONDS = 60
SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")


@contextmanager
def running() -> Iterator[str]:
    """The superuser's conninfo of a server of its own; skips the test where PostgreSQL 15 is absent."""
    if not (PROGRAMS / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="klods-15-"))
    account = server_account(folder)
    account.own(folder)
    try:
        _initialise(folder, account)
        with _started(folder, account) as conninfo:
            yield conninfo
    finally:
        shutil.rmtree(folder)


def _initialise(folder: Path, account: Account) -> None:
    secret = account.own(_written(folder / "password", PASSWORD))
    words = ["initdb", "--pgdata", folder / "data", "--username", "postgres", "--pwfile", secret, "--no-sync"]
    words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    subprocess.run([PROGRAMS / words[0], *words[1:]], check=True, capture_output=True, cwd="/", **account.options())


@contextmanager
def _started(folder: Path, account: Account) -> Iterator[str]:
    words = [PROGRAMS / "postgres", "-D", folder / "data", "-k", folder]
    for setting in SETTINGS:
        words += ["-c", setting]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, cwd="/", **account.options())
    try:
        conninfo = make_conninfo(host=str(folder), user="postgres", password=PASSWORD, dbname="postgres")
        _await(conninfo, server, folder / "log")
        yield conninfo
    finally:
        server.send_signal(signal.SIGINT)  # ends connections that are still open
        server.wait(timeout=START_SECONDS)


def _await(conninfo: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"PostgreSQL 15 did not start: {log.read_text()}")
            time.sleep(0.02)
        else:
            return


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
