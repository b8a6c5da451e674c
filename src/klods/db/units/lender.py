"""Where units get their connections from."""

from time import monotonic_ns
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg.rows import DictRow

if TYPE_CHECKING:
    from klods.db.units.session import SessionUnit, UnitSession


class Lender(Protocol):
    """Where a unit gets its connection from, and gives it back to."""

    def take(self) -> psycopg.Connection[DictRow]:
        """A connection in autocommit mode for this unit alone; raise `Unavailable` when there is none."""

    def give_back(self, connection: psycopg.Connection[DictRow], *, spoiled: bool) -> None:
        """The unit is done with the connection; a spoiled one must not be used again."""

    def new_session(self, unit: "SessionUnit") -> "UnitSession":
        """A SQLAlchemy Session that works in the unit."""

    def forget_plans(self) -> None:
        """Let no connection use what it prepared before: a table has changed."""


def drop_plans(connection: psycopg.Connection[DictRow]) -> None:
    """Drop every prepared statement of a connection, on both sides."""
    # psycopg looks at what a statement did to its plans only when it sees the text for the first time.
    connection.execute(f"DEALLOCATE ALL /* {monotonic_ns()} */")
