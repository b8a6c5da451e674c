"""The SQLAlchemy Session of a unit: its commit and rollback end a savepoint, nothing more."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol

import psycopg
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from klods.db.units.sqlalchemy_view import Loan, initialize, lend, lending_engine
from klods.db.units.transaction import Transaction
from klods.errors import CommitFailed, SwallowedFailure


class SessionUnit(Protocol):
    """What a Session needs of the unit that it works in."""

    ended: bool

    def wire(self) -> AbstractContextManager[Transaction]:
        """The transaction, for this thread alone."""

    def cursor(self) -> psycopg.Cursor[Any]:
        """A cursor whose statements pass the gate of the unit."""

    def new_name(self) -> str:
        """A name for a savepoint, which no other has in this unit."""


class UnitSteps:
    """Savepoints that SQLAlchemy asks for, told to the unit; after its end there is nothing left to tell."""

    def __init__(self, unit: SessionUnit) -> None:
        self._unit = unit
        self._names: dict[str, str] = {}
        """SQLAlchemy counts savepoints per Session, and a unit may have several Sessions."""

    def savepoint(self, name: str) -> None:
        """Establish a savepoint."""
        self._names[name] = self._unit.new_name()
        with self._unit.wire() as transaction:
            transaction.savepoint(self._names[name])

    def release(self, name: str) -> None:
        """Be done with a savepoint and keep what was done since."""
        if not self._unit.ended:
            with self._unit.wire() as transaction:
                transaction.release(self._names.pop(name))

    def back_to(self, name: str) -> None:
        """Undo what was done since the savepoint."""
        if not self._unit.ended:
            with self._unit.wire() as transaction:
                transaction.back_to(self._names.pop(name))


class UnitSession(Session):
    """A Session inside a unit.

    ``commit()`` and ``rollback()`` reach back to the last of them, or to the start of the innermost ``with
    savepoint():``; ``close()`` forgets the objects. What is not committed when the unit ends is kept with it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(bind=connection, join_transaction_mode="create_savepoint")
        self._floors: list[SessionTransaction | None] = []
        self._sending = False

    def commit(self) -> None:
        """Flush, and end the savepoint that the Session works in."""
        if (floor := self._floor()) is None:
            super().commit()
            return
        floor.commit()
        if self.expire_on_commit:
            self.expire_all()
        self._floors[-1] = self._new_floor()

    def rollback(self) -> None:
        """Undo what was done in the savepoint that the Session works in."""
        if (floor := self._floor()) is None:
            super().rollback()
            return
        floor.rollback()
        self._floors[-1] = self._new_floor()

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Send all changes of objects to the database."""
        before, self._sending = self._sending, True
        try:
            super().flush(objects)
        finally:
            self._sending = before

    def close(self) -> None:
        """Forget the objects; what they changed stays part of the unit."""
        if not self.is_active:
            self.rollback()
        self.flush_for_others()
        self.expunge_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.rollback()
        self.close()

    def flush_for_others(self) -> None:
        """Flush, unless this is called out of a flush."""
        if not self._sending:
            self.flush()

    def flush_last(self) -> None:
        """Flush before the unit commits; raise `SwallowedFailure` or `CommitFailed` when that cannot be."""
        if not self.is_active:
            raise SwallowedFailure
        try:
            self.flush()
        except DBAPIError as error:
            diagnosis = getattr(error.orig, "diag", None)
            reason = getattr(diagnosis, "message_primary", None) or str(error.orig)
            raise CommitFailed(reason=reason, sqlstate=getattr(error.orig, "sqlstate", None)) from error

    def flush_before_block(self) -> None:
        """Flush, and let the savepoint that the Session works in come before the one of a block."""
        self.flush_for_others()
        if self.in_transaction():
            self.connection()

    def enter_block(self) -> None:
        """Keep what was done so far out of reach of commit and rollback."""
        self._floors.append(self._new_floor() if self.in_transaction() else None)

    def leave_block(self, *, keep: bool = True) -> None:
        """Leave the innermost block, with or without what was done in it."""
        floor = self._floor()
        if self._floors:
            self._floors.pop()
        if keep:
            self.flush()
            if floor is not None:
                floor.commit()
        elif floor is not None:
            floor.rollback()
        else:
            super().rollback()

    def part(self) -> None:
        """Close for good; the unit has ended."""
        self._floors.clear()
        super().close()

    def _new_floor(self) -> SessionTransaction:
        floor = self.begin_nested()
        self.connection()  # SQLAlchemy would establish the savepoint only when the Session is used again
        return floor

    def _floor(self) -> SessionTransaction | None:
        """The savepoint at the start of the innermost block, if it is still in use."""
        floor = self._floors[-1] if self._floors else None
        inner = self.get_nested_transaction()
        while inner is not None and inner is not floor:
            inner = inner.parent
        return inner


def engine_for(unit: SessionUnit) -> Engine:
    """An engine without connections, which has asked the server, through the unit, what it must know."""
    engine = lending_engine()
    initialize(engine, _loan(unit))
    return engine


def open_session(engine: Engine, unit: SessionUnit) -> UnitSession:
    """A Session in the unit."""
    return UnitSession(lend(engine, _loan(unit)))


def _loan(unit: SessionUnit) -> Loan:
    return Loan(unit.cursor, UnitSteps(unit))
