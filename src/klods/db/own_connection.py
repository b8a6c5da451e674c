"""Connections that serve one piece of work and are then closed: what it leaves in the session reaches no pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from klods.db.database import Database
from klods.db.opening import Frame, set_local
from klods.db.transaction import Transaction
from klods.errors import NoDatabase

Connection = psycopg.Connection[dict[str, Any]]


@contextmanager
def own_connection(database: Database) -> Iterator[Connection]:
    """A connection outside the pool, with rows as dictionaries and no open transaction."""
    try:
        connection = psycopg.connect(database.conninfo, autocommit=True, row_factory=dict_row)
    except psycopg.OperationalError as error:
        raise NoDatabase(reason=" ".join(str(error).split())) from error
    with connection:
        yield connection


@contextmanager
def own_transaction(database: Database, lock_seconds: float) -> Iterator[Connection]:
    """One transaction on a connection of its own, kept when the block ends well and undone otherwise."""
    begin = b"BEGIN;" + set_local({"lock_timeout": str(int(lock_seconds * 1000))})
    with own_connection(database) as connection:
        transaction = Transaction(connection, Frame(begin, b"COMMIT", b"ROLLBACK", b""))
        transaction.settle()
        yield connection
        transaction.commit()
