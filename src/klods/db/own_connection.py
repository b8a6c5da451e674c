"""Connections that serve one piece of work and are then closed: what it leaves in the session reaches no pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from klods.db.database import Database
from klods.db.units.opening import Frame, Opening, set_local
from klods.db.units.reasons import first_line
from klods.db.units.transaction import Transaction
from klods.db.units.unit import Unit
from klods.errors import NoDatabase

Connection = psycopg.Connection[dict[str, Any]]


class ChangingDatabase(Database):
    """The database as a hook sees it while its module is switched: every unit is part of the one transaction."""

    def __init__(self, database: Database, changing: Connection) -> None:
        super().__init__(database.conninfo)
        self.family = database.family
        self.blobs = database.blobs
        self.cipher = database.cipher
        self.environment = database.environment
        self.mail_waits = database.mail_waits
        self._changing = changing

    def unit(self, opening: Opening) -> Unit:
        """A unit inside the transaction of the change."""
        return Unit.joined(self._changing, self.in_role(opening))

    def announce(self) -> None:
        """The change itself tells other processes when it is kept."""

    @contextmanager
    def within(self) -> Iterator[Connection]:
        """The connection of the change; what was done in the block is undone when it fails."""
        self._changing.execute("savepoint klods_within")
        try:
            yield self._changing
        except BaseException:
            if not self._changing.closed:
                self._changing.execute("rollback to savepoint klods_within")
            raise
        self._changing.execute("release savepoint klods_within")


def check_deferred(connection: Connection) -> None:
    """Check now what PostgreSQL would check at the commit; raises its error, and then the transaction has failed."""
    connection.execute("savepoint klods_deferred")
    connection.execute("set constraints all immediate")
    connection.execute("rollback to savepoint klods_deferred; release savepoint klods_deferred")


@contextmanager
def own_connection(database: Database) -> Iterator[Connection]:
    """A connection outside the pool, with rows as dictionaries and no open transaction."""
    try:
        connection = psycopg.connect(database.conninfo, autocommit=True, row_factory=dict_row)
    except psycopg.OperationalError as error:
        raise NoDatabase(reason=first_line(error)) from error
    with connection:
        try:
            yield connection
        except psycopg.OperationalError as error:
            if connection.closed:
                raise NoDatabase(reason=first_line(error)) from error
            raise


@contextmanager
def own_transaction(database: Database, lock_seconds: float) -> Iterator[Connection]:
    """One transaction on a connection of its own, kept when the block ends well and undone otherwise.

    Inside a change of modules, where that would wait for the change itself, it is a part of the change.
    """
    begin = b"BEGIN;" + set_local({"lock_timeout": str(int(lock_seconds * 1000))})
    if isinstance(database, ChangingDatabase):
        with database.within() as connection:
            yield connection
        return
    with own_connection(database) as connection:
        transaction = Transaction(connection, Frame(begin, b"COMMIT", b"ROLLBACK", b""))
        transaction.settle()
        yield connection
        transaction.commit()
