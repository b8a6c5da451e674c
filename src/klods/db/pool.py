"""The connections of one login: a bounded pool that lends them to units and to the host's own statements."""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from klods.db.units.lender import drop_plans
from klods.db.units.reasons import first_line
from klods.errors import NoDatabase, NoFreeConnection

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from klods.db.units.session import SessionUnit, UnitSession

_CONNECT_SECONDS = 5
_GLANCE_SECONDS = 1
_RECONNECT_SECONDS = 0.5  # then the pool tries again when it is asked, instead of ever more seldom


class PooledConnection(psycopg.Connection[DictRow]):
    """A connection that remembers since which change of tables its prepared statements are good."""

    plans = 0


class Pool:
    """At most ``size`` connections of one login."""

    def __init__(self, conninfo: str, *, size: int, wait_seconds: float, search_path: str = "") -> None:
        self.conninfo = conninfo
        self.size = size
        self.wait_seconds = wait_seconds
        self._glance = min(_GLANCE_SECONDS, wait_seconds)
        self._engine: Engine | None = None
        self._engine_lock = threading.Lock()
        self._plans = 0
        self._lent: set[PooledConnection] = set()
        self._pool: ConnectionPool[PooledConnection] = ConnectionPool(
            conninfo,
            connection_class=PooledConnection,
            kwargs=_connection_settings(),
            min_size=min(2, size),
            max_size=size,
            timeout=wait_seconds,
            reconnect_timeout=_RECONNECT_SECONDS,
            configure=partial(_find_names, search_path) if search_path else None,
            open=False,
            name="klods",
        )

    def open(self) -> None:
        """Begin to connect; raise `NoDatabase` when nobody answers."""
        self.check_reachable()
        self._pool.open()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def shrink(self, size: int) -> None:
        """Be content with fewer connections from now on."""
        self.size = min(size, self.size)
        self._pool.resize(min(2, self.size), self.size)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection for the host's own statements: rows are dictionaries, each statement commits by itself."""
        connection = self._take_living()
        try:
            with connection:
                yield connection
        except psycopg.OperationalError as error:
            if connection.closed:
                raise NoDatabase(reason=first_line(error)) from error
            raise
        finally:
            self.give_back(connection)

    def take(self) -> PooledConnection:
        """A connection out of the pool; raise `NoFreeConnection` or `NoDatabase` after the waiting time.

        It may have died unnoticed: a unit finds that out when it begins, and takes another one.
        """
        connection = self._wait()
        self._lent.add(connection)
        if connection.plans != self._plans:
            self._renew(connection)
        return connection

    def give_back(self, connection: psycopg.Connection[DictRow], *, spoiled: bool = False) -> None:
        """Put a connection back; a spoiled one is closed and replaced."""
        mine = cast("PooledConnection", connection)
        self._lent.discard(mine)
        if spoiled:
            mine.close()
        self._pool.putconn(mine)

    def forget_plans(self) -> None:
        """Let no connection use what it prepared before, because tables were altered.

        PostgreSQL refuses a prepared ``select *`` whose table has got another column since.
        """
        self._plans += 1

    def new_session(self, unit: "SessionUnit") -> "UnitSession":
        """A Session in the unit; all of them share the compiled statements of one engine."""
        from klods.db.units.session import engine_for, open_session

        with self._engine_lock:
            if self._engine is None:
                self._engine = engine_for(unit)
        return open_session(self._engine, unit)

    def _wait(self) -> PooledConnection:
        """A connection out of the pool; when none comes although not all are in use, see whether there is a server."""
        try:
            if len(self._lent) < self.size:
                try:
                    return self._pool.getconn(self._glance)
                except PoolTimeout:
                    self.check_reachable()
            return self._pool.getconn()
        except PoolClosed as error:
            raise NoDatabase(reason="the pool of connections is closed") from error
        except PoolTimeout as error:
            self.check_reachable()
            raise NoFreeConnection(size=self.size, seconds=self.wait_seconds) from error

    def _take_living(self) -> PooledConnection:
        while not _quiet(connection := self.take()):
            self.give_back(connection, spoiled=True)
        return connection

    def _renew(self, connection: PooledConnection) -> None:
        """A dead connection is not noticed here; who uses it will."""
        with suppress(psycopg.OperationalError):
            drop_plans(connection)
        connection.plans = self._plans

    def check_reachable(self) -> None:
        """Raise `NoDatabase` when nobody answers, or the login is refused."""
        try:
            psycopg.connect(self.conninfo, connect_timeout=_CONNECT_SECONDS).close()
        except psycopg.ProgrammingError:
            # The driver quotes what it cannot read, with the password.
            raise NoDatabase(reason="the connection string cannot be read") from None
        except psycopg.Error as error:
            raise NoDatabase(reason=first_line(error)) from error


def _find_names(search_path: str, connection: PooledConnection) -> None:
    """Set where the names in statements are looked for; our own text, without anybody's input."""
    connection.execute(f"set search_path = {search_path}".encode())


def _connection_settings() -> dict[str, Any]:
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "client_encoding": "utf8",
        "application_name": "klods",
        "connect_timeout": _CONNECT_SECONDS,
    }


def _quiet(connection: psycopg.Connection[Any]) -> bool:
    """Whether nothing came in while nobody asked: a server that goes away says so. No round trip."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
