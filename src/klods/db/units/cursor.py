"""Cursors that send one statement at a time, and only when their unit lets them."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self

import psycopg
from psycopg import sql
from psycopg.abc import Params
from psycopg.rows import Row, RowFactory

from klods.db.units.guard import FORBIDDEN
from klods.errors import ForbiddenStatement


class Gate(Protocol):
    """What stands round the statements of a cursor."""

    @property
    def turn(self) -> AbstractContextManager[Any]:
        """Held while a statement runs, because threads that share a unit take turns."""

    def admit(self, statement: str) -> None:
        """Refuse the statement, or send what must precede it."""

    def explain(self, error: psycopg.Error) -> None:
        """Raise what the error means for the unit, if it is not about the statement alone."""

    def begin_again(self, error: psycopg.Error) -> bool:
        """Whether the transaction was begun anew because the statement can be sent once more."""


class UnitCursor(psycopg.Cursor[Row]):
    """A cursor whose statements pass a gate, and of which the server takes one at a time."""

    def __init__(self, connection: psycopg.Connection[Any], gate: Gate, row_factory: RowFactory[Row]) -> None:
        super().__init__(connection, row_factory=row_factory)
        self._gate = gate

    def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        """Send one statement."""
        gate = self._gate
        with gate.turn:
            try:
                gate.admit(spelled(query))
                return super().execute(query, params, **options)
            except psycopg.Error as error:
                if gate.begin_again(error):
                    return super().execute(query, params, **options)
                gate.explain(error)
                raise

    def executemany(self, query: Any, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """Send one statement with many sets of parameters."""
        gate = self._gate
        with gate.turn:
            try:
                gate.admit(spelled(query))
                super().executemany(query, params_seq, returning=returning)
            except psycopg.Error as error:
                gate.explain(error)
                raise

    def stream(self, query: Any, params: Params | None = None, **options: Any) -> Any:
        """Send one statement, and hand its rows out as they come."""
        with self._gate.turn:
            self._gate.admit(spelled(query))
        return super().stream(query, params, **options)

    def copy(self, *_: Any, **__: Any) -> Any:
        """Never: what looks like COPY could be any number of statements."""
        reason, instead = FORBIDDEN["copy"]
        raise ForbiddenStatement(keyword="COPY", reason=reason, instead=instead)

    def _execute_send(self, query: Any, *, force_extended: bool = True, binary: bool | None = None) -> None:  # noqa: ARG002
        """Always the extended protocol, where a second statement is a syntax error."""
        super()._execute_send(query, force_extended=True, binary=binary)


def spelled(query: str | bytes | sql.Composable) -> str:
    """The statement as text."""
    if isinstance(query, str):
        return query
    return query.decode() if isinstance(query, bytes) else query.as_string()
