"""What stores of single rows do with the host's connections."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow

from klods.db.database import Database
from klods.db.processes import CHANNEL

TELL = f"notify {CHANNEL}"
"""Every process forgets the subjects it knows when it hears this."""


class Rows:
    """Statements of the host, each of which commits by itself unless it stands in `transaction`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection on which everything is kept, or nothing."""
        with self._database.connection() as connection, connection.transaction():
            yield connection

    def all(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Every row of the answer."""
        with self._database.connection() as connection:
            return connection.execute(statement, _parameters(values)).fetchall()

    def one(self, statement: str, *values: Any) -> dict[str, Any] | None:
        """The first row of the answer."""
        with self._database.connection() as connection:
            return connection.execute(statement, _parameters(values)).fetchone()

    def run(self, statement: str, *values: Any) -> int:
        """How many rows it changed."""
        with self._database.connection() as connection:
            return connection.execute(statement, _parameters(values)).rowcount

    def tell(self) -> None:
        """Let every process look again at who may come in."""
        self.run(TELL)


def _parameters(values: tuple[Any, ...]) -> Sequence[Any] | dict[str, Any]:
    return values[0] if len(values) == 1 and isinstance(values[0], dict) else values
