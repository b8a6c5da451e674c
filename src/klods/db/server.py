"""Where the database is: a server of one's own by default, any server from version 15 on when one is named."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from klods.db.embedded.server import EmbeddedServer
from klods.errors import NoDatabase, WrongServerVersion

OLDEST = 15
DRIVER = re.compile(r"\Apostgres(ql)?(\+\w+)?://")


@contextmanager
def open_server(home: Path, database_url: str | None, *, fast: bool = False) -> Iterator[str]:
    """Give the conninfo of the host's login for as long as the database is used.

    With a URL that server is looked at and left alone; without one the embedded server in ``home`` runs meanwhile.
    ``fast`` trades crash safety for speed and is for tests.
    """
    if database_url:
        yield check_server(DRIVER.sub("postgresql://", database_url))
        return
    server = EmbeddedServer(home / "postgres", fast=fast)
    conninfo = server.join()
    try:
        yield conninfo
    finally:
        server.leave()


def check_server(conninfo: str) -> str:
    """Return the conninfo of a server that answers and is new enough; else raise what is wrong with it."""
    try:
        with psycopg.connect(conninfo) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise NoDatabase(reason=str(error).strip()) from None
    if version < OLDEST * 10_000:
        raise WrongServerVersion(found=version // 10_000, wanted=f"{OLDEST} or newer")
    return conninfo
