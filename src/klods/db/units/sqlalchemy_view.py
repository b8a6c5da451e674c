"""SQLAlchemy on a connection that is ours: it may use the transaction, and never ends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

import psycopg
import sqlalchemy
from psycopg.rows import tuple_row
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from klods.db.units.cursor import spelled
from klods.db.units.guard import refuse_ending
from klods.errors import Misuse

Admit = Callable[[str], None]
"""Raises for a statement that may not be sent."""


class Steps(Protocol):
    """Savepoints, by name."""

    def savepoint(self, name: str) -> None:
        """Establish a savepoint."""

    def release(self, name: str) -> None:
        """Be done with a savepoint and keep what was done since."""

    def back_to(self, name: str) -> None:
        """Undo what was done since the savepoint, and be done with it."""


class Loan(PoolProxiedConnection):
    """What SQLAlchemy holds for a database connection: cursors and savepoints; commit, rollback and close do nothing."""

    def __init__(self, cursor: Callable[[], psycopg.Cursor[Any]], steps: Steps) -> None:
        self._cursor = cursor
        self.steps = steps
        self.dbapi_connection = cast("DBAPIConnection", self)  # the one underneath is not handed out
        self.driver_connection = self

    def cursor(self, *_: Any, **__: Any) -> Any:
        """A new cursor."""
        return self._cursor()

    @property
    def info(self) -> Any:
        """What psycopg knows about the connection."""
        return self._cursor().connection.info

    @property
    def closed(self) -> bool:
        """Never, for SQLAlchemy: the one who lends notices a lost connection."""
        return False

    broken = closed

    @property
    def is_valid(self) -> bool:
        """Whether it can be used."""
        return True

    @property
    def is_detached(self) -> bool:
        """Whether it left its pool; it never had one."""
        return False

    def commit(self) -> None:
        """Nothing: only the edge ends the transaction."""

    def rollback(self) -> None:
        """Nothing: only the edge ends the transaction."""

    def close(self) -> None:
        """Nothing: the connection belongs to the unit."""

    def _close_special(self, transaction_reset: bool = False) -> None:  # noqa: FBT001, FBT002
        """SQLAlchemy's own way to close when a transaction is open."""

    def detach(self) -> None:
        """Nothing: the connection belongs to the unit."""

    def invalidate(self, e: BaseException | None = None, soft: bool = False) -> None:  # noqa: FBT001, FBT002
        """Nothing: the connection belongs to the unit."""


class LentDialect(PGDialect_psycopg):
    """PostgreSQL by psycopg, where SQLAlchemy's begin and end are no more than its own bookkeeping."""

    supports_statement_cache = True
    supports_server_side_cursors = False  # a cursor on the server could be read after its unit has ended

    def do_begin(self, dbapi_connection: Any) -> None:
        """Nothing: the unit has begun, or will."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Nothing: only the edge ends the transaction."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Nothing: only the edge ends the transaction."""

    def do_savepoint(self, connection: sqlalchemy.Connection, name: str) -> None:
        """Establish a savepoint through the unit, which knows all of them."""
        with _said_by(self, "SAVEPOINT"):
            _steps(connection).savepoint(name)

    def do_release_savepoint(self, connection: sqlalchemy.Connection, name: str) -> None:
        """Release a savepoint through the unit."""
        with _said_by(self, "RELEASE SAVEPOINT"):
            _steps(connection).release(name)

    def do_rollback_to_savepoint(self, connection: sqlalchemy.Connection, name: str) -> None:
        """Go back to a savepoint through the unit."""
        with _said_by(self, "ROLLBACK TO SAVEPOINT"):
            _steps(connection).back_to(name)


@contextmanager
def _said_by(dialect: LentDialect, statement: str) -> Iterator[None]:
    """An error of the driver as SQLAlchemy's own, which its users catch."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error, dialect=dialect) from error


def _steps(connection: sqlalchemy.Connection) -> Steps:
    return cast("Loan", connection.connection).steps


def lending_engine() -> sqlalchemy.Engine:
    """An engine without connections of its own: it keeps the dialect and the cache of compiled statements."""
    dialect = LentDialect(dbapi=psycopg, use_native_hstore=False)  # type: ignore[no-untyped-call]
    pool = NullPool(_refuse_connection, dialect=dialect)
    return sqlalchemy.Engine(pool, dialect, sqlalchemy.make_url("postgresql+psycopg://"), hide_parameters=True)


def initialize(engine: sqlalchemy.Engine, loan: Loan) -> None:
    """Let the dialect ask the server what it must know once: version, schema, isolation, escapes."""
    engine.dialect.initialize(sqlalchemy.Connection(engine, loan, _has_events=False, _allow_autobegin=False))


def lend(engine: sqlalchemy.Engine, loan: Loan) -> sqlalchemy.Connection:
    """A SQLAlchemy connection over a loan, with its transaction begun."""
    connection = sqlalchemy.Connection(engine, loan)
    connection.begin()
    return connection


def borrow(raw: psycopg.Connection[Any], admit: Admit = lambda _: None) -> sqlalchemy.Connection:
    """A SQLAlchemy connection on a psycopg connection in a transaction, which stays its owner's to end.

    Begin, commit, rollback and close do nothing; savepoints work; a statement that would end the transaction
    raises `ForbiddenStatement`, and ``admit`` may refuse others. Alembic sees a transaction that is not its own.
    """
    loan = Loan(lambda: _KeptCursor(raw, admit), _Direct(raw))
    engine = lending_engine()
    initialize(engine, loan)
    return lend(engine, loan)


class _KeptCursor(psycopg.Cursor[Any]):
    def __init__(self, raw: psycopg.Connection[Any], admit: Admit) -> None:
        super().__init__(raw, row_factory=tuple_row)
        self._admit = admit

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        self._refuse(query)
        return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Any, *, returning: bool = False) -> None:
        self._refuse(query)
        super().executemany(query, params_seq, returning=returning)

    def stream(self, query: Any, params: Any = None, **options: Any) -> Any:
        self._refuse(query)
        return super().stream(query, params, **options)

    def copy(self, statement: Any, params: Any = None, **options: Any) -> Any:
        self._refuse(statement)
        return super().copy(statement, params, **options)

    def _refuse(self, query: Any) -> None:
        text = spelled(query)
        refuse_ending(text)
        self._admit(text)


class _Direct:
    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw

    def savepoint(self, name: str) -> None:
        self._raw.execute(f"SAVEPOINT {name}".encode())

    def release(self, name: str) -> None:
        self._raw.execute(f"RELEASE SAVEPOINT {name}".encode())

    def back_to(self, name: str) -> None:
        self._raw.execute(f"ROLLBACK TO SAVEPOINT {name}".encode())


def _refuse_connection() -> Any:
    raise Misuse
