"""PostgreSQL for tests: one fast server for all workers of a run, a database of its own for each test."""

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from klods.db.embedded.locks import Users, alone, is_free
from klods.db.server import open_server
from klods.testing.databases import copied, create_database, drop_database

NAME = f"klods-tests-{os.getuid()}-"
USERS = "tests.lock"
GUARD = "tests.guard"
TEMPLATE = "template"
EMPTY = "template1"
"""The server's own template, which an embedded server has hardened."""

FORGOTTEN_SECONDS = 3600


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The conninfo of a running server; set KLODS_TEST_DATABASE_URL to use one of your own."""
    url = os.environ.get("KLODS_TEST_DATABASE_URL")
    home = _shared_folder(tmp_path_factory, request)
    users = Users(home / USERS)
    _join(home, users)
    with ExitStack() as stack:
        conninfo = stack.enter_context(open_server(home, url, fast=True))
        yield conninfo
        with alone(home / GUARD):
            users.leave()
            last = users.none_left()
            if last and (home / TEMPLATE).exists():
                drop_database(conninfo, (home / TEMPLATE).read_text())
            stack.close()
            if last:
                shutil.rmtree(home)


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[str]:
    """The conninfo of a fresh, empty database that belongs to the host's login."""
    with copied(postgres_server, EMPTY) as conninfo:
        yield conninfo


@pytest.fixture
def host_database(postgres_server: str, host_template: str) -> Iterator[str]:
    """The conninfo of a database that holds the host's own tables."""
    with copied(postgres_server, host_template) as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def host_template(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> str:
    """The name of the database that `host_database` copies, made once for all workers of a run."""
    home = _shared_folder(tmp_path_factory, request)
    with alone(home / "template.lock"):
        made = home / TEMPLATE
        if not made.exists():
            made.write_text(_make_template(postgres_server))
        return made.read_text()


def _shared_folder(factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    base = factory.getbasetemp()
    run = base.parent if hasattr(request.config, "workerinput") else base
    # Not inside it: pytest's folder is closed to the account that the server of root runs as.
    name = hashlib.sha256(str(run).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir(), NAME + name)


def _join(home: Path, users: Users) -> None:
    """Count this worker; the last one of another moment may just be removing the folder."""
    _sweep(home)
    while True:
        home.mkdir(mode=0o711, exist_ok=True)
        found = home.lstat()
        if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
            pytest.exit(f"{home} belongs to somebody else")
        with suppress(FileNotFoundError), alone(home / GUARD) as lock:
            if os.path.samestat(os.fstat(lock), (home / GUARD).stat()):
                users.join()
                return


def _sweep(home: Path) -> None:
    """Remove what killed runs left behind."""
    for other in home.parent.glob(f"{NAME}*"):
        if other != home and other.stat().st_mtime < time.time() - FORGOTTEN_SECONDS and is_free(other / USERS):
            shutil.rmtree(other, ignore_errors=True)


def _make_template(conninfo: str) -> str:
    from klods.db.database import Database
    from klods.db.migrating.migrator import migrate_host

    name = create_database(conninfo, EMPTY)
    with Database(make_conninfo(conninfo, dbname=name)) as database:
        migrate_host(database)
    return name
