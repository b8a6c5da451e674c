"""Where the database is: a server of one's own by default, any server from version 15 on when one is named."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from klods.db.embedded.server import EmbeddedServer
from klods.errors import NoDatabase, WrongServerVersion

OLDEST = 15
CONNECT_SECONDS = 10
SCHEME = re.compile(r"\Apostgres(ql)?(\+\w+)?://")


@contextmanager
def open_server(home: Path, database_url: str | None, *, fast: bool = False) -> Iterator[str]:
    """Give the conninfo of the host's login for as long as the database is used.

    With a URL that server is looked at and left alone; without one the embedded server in ``home`` runs meanwhile.
    ``fast`` trades crash safety for speed and is for tests.
    """
    if database_url:
        conninfo = read_url(database_url)
        server_major(conninfo)
        yield conninfo
        return
    server = embedded_server(home, fast=fast)
    conninfo = server.join()
    try:
        yield conninfo
    finally:
        server.leave()


def embedded_server(home: Path, *, fast: bool = False) -> EmbeddedServer:
    """The embedded server that belongs to this home."""
    return EmbeddedServer(home / "postgres", fast=fast)


def read_url(database_url: str) -> str:
    """The conninfo that DATABASE_URL means; SQLAlchemy's spelling is understood as well."""
    if "://" in database_url and not SCHEME.match(database_url):
        raise NoDatabase(reason="DATABASE_URL does not begin with postgresql://")
    try:
        parameters = conninfo_to_dict(SCHEME.sub("postgresql://", database_url))
    except psycopg.ProgrammingError:
        # What libpq says quotes the URL, with the password.
        raise NoDatabase(reason="DATABASE_URL cannot be read") from None
    return make_conninfo("", **{"connect_timeout": CONNECT_SECONDS, **parameters})


def server_major(conninfo: str) -> int:
    """The major version of a server that answers and is new enough; else raises what is wrong with it."""
    try:
        with psycopg.connect(conninfo) as connection:
            major = connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        raise NoDatabase(reason=str(error).strip()) from None
    if major < OLDEST:
        raise WrongServerVersion(found=major, wanted=f"{OLDEST} or newer")
    return major
