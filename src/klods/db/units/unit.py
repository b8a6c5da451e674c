"""The unit: one transaction on one connection, seen through plain SQL and through SQLAlchemy."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.abc import Params
from psycopg.rows import DictRow, dict_row, tuple_row

from klods.db.units.cursor import UnitCursor
from klods.db.units.guard import refuse_control
from klods.db.units.joining import Guest
from klods.db.units.lender import Lender, drop_plans
from klods.db.units.opening import DRY, Frame, Opening, set_local
from klods.db.units.reasons import first_line
from klods.db.units.transaction import Transaction
from klods.errors import BlockingCall, EndedUnit, KlodsError, NoDatabase, SwallowedFailure
from klods.kernel.changes import Changes

if TYPE_CHECKING:
    from klods.db.units.session import UnitSession

__all__ = ["Opening", "Unit"]

_log = logging.getLogger(__name__)

_CANCEL_SECONDS = 5
_CANCEL_PAUSE = 0.05


class _Undone(Exception):
    """Takes a savepoint back, and goes no further."""


class Unit:
    """One transaction, begun by its first statement and ended once; threads that share it take turns.

    It does not end by itself: who makes a unit calls `commit` or `rollback`, or uses it in a with statement.
    """

    def __init__(self, lender: Lender, opening: Opening, frame: Frame | None = None) -> None:
        self.opening = opening
        self.ended = False
        self.changes: Changes | None = None
        """What a dry unit would have changed, once it has ended well."""
        self._cancelled = False
        self._reason: KlodsError | None = None
        self.on_end: Callable[[Unit], None] | None = None
        """Called once it has ended, however that came."""

        self.host_thread: int | None = None
        """The identity of the thread that must never wait for the database."""
        self._lender = lender
        self._frame = frame or opening.frame
        self._settings = self._frame.again
        """What its transaction works under at the moment."""
        self.turn = threading.RLock()
        """Held by the thread that works in the unit; the others wait."""
        self._wire: tuple[psycopg.Connection[DictRow], Transaction] | None = None
        self._session: UnitSession | None = None
        self._after: list[Callable[[], object]] = []
        self._savepoints = 0
        self._statements = 0

    @classmethod
    def joined(cls, connection: psycopg.Connection[DictRow], opening: Opening) -> "Unit":
        """A unit inside the transaction that is open on the connection: its end is the end of a savepoint."""
        guest = Guest(connection)
        return cls(guest, opening, guest.frame(opening))

    @property
    def started(self) -> bool:
        """Whether a connection was taken; before that there is nothing to keep or undo."""
        return self._wire is not None

    @property
    def session(self) -> "UnitSession":
        """The SQLAlchemy Session of this unit, made when first asked for and closed with the unit."""
        with self.turn:
            self._refuse()
            if self._session is None:
                self._session = self._lender.new_session(self)
            return self._session

    def run(self, sql: str, params: Params | None = None) -> psycopg.Cursor[DictRow]:
        """Send one statement and return the cursor with its rows; what the Session holds back is sent before."""
        with self.turn:
            if self._session is not None:
                self._session.flush_for_others()
            return UnitCursor(self._ready(), self, dict_row).execute(sql, params)

    def cursor(self, row_factory: Any = tuple_row) -> UnitCursor[Any]:
        """A cursor of this unit, which is its gate."""
        with self.turn:
            return UnitCursor(self._ready(), self, row_factory)

    def admit(self, statement: str) -> None:
        """Refuse a statement that would end the transaction, and send what must precede any other."""
        refuse_control(statement)
        if self.ended or self._wire is None or self._wire[1].unsent:
            self._ready()
        self._statements += 1

    def explain(self, error: psycopg.Error) -> None:
        """Raise `EndedUnit` for a statement that was cancelled and `NoDatabase` for a connection that was lost."""
        if self.ended:
            self._finish(spoiled=True)
            raise self._why_ended() from error
        if self._wire is not None and self._wire[1].lost:
            raise NoDatabase(reason=first_line(error)) from error
        if _is_stale(error):
            self._lender.forget_plans()

    def begin_again(self, error: psycopg.Error) -> bool:
        """Begin anew when the first statement met a plan from before a migration; nothing is lost by that."""
        if self._wire is None or self._statements != 1 or not _is_stale(error):
            return False
        connection, transaction = self._wire
        transaction.begin_again()
        drop_plans(connection)
        self._lender.forget_plans()
        return True

    @contextmanager
    def wire(self) -> Iterator[Transaction]:
        """The transaction, for this thread alone; nothing is sent by this."""
        with self.turn:
            transaction = self._open()[1]
            try:
                yield transaction
            except psycopg.Error as error:
                self.explain(error)
                raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Try something: an error undoes what was done inside and goes on to the caller; the unit lives on."""
        name = self._begin_block()
        try:
            yield
            self._end_block(name)
        except BaseException:
            self._undo_block(name)
            raise

    def new_name(self) -> str:
        """A name for a savepoint, which no other has in this unit."""
        self._savepoints += 1
        return f"klods_{self._savepoints}"

    @contextmanager
    def calling(self, opening: Opening, *, undo: bool = False) -> Iterator[None]:
        """Work for another module for a while: in its role and with a Session of its own; an error undoes what it did.

        So does ``undo``, in the end.

        Other threads that share the unit wait meanwhile.
        """
        with self.turn:
            if self._session is not None:
                self._session.flush_for_others()
            settings = self._settings + (b";" + set_local({DRY: "off"}) if undo else b"")
            caller = self.opening, self._session, settings
            self._change_module(opening, None, opening.frame.again)
            try:
                with suppress(_Undone), self.savepoint():
                    yield
                    if self._session is not None:
                        self._session.commit()
                    if undo:
                        raise _Undone
            finally:
                self._part()
                self._change_module(*caller)

    def _change_module(self, opening: Opening, session: "UnitSession | None", settings: bytes) -> None:
        self.opening, self._session, self._settings = opening, session, settings
        if self._wire is not None:
            self._wire[1].change_settings(settings)

    def when_kept(self, tell: Callable[[], object]) -> None:
        """Call something after the commit; not when everything is undone."""
        self._after.append(tell)

    def commit(self) -> None:
        """Keep what was done and end; raise `SwallowedFailure` or `CommitFailed` when nothing was kept.

        A dry unit raises the same, and keeps nothing in any case.
        """
        with self.turn:
            self._refuse_ended()
            try:
                if self._session is not None:
                    self._session.flush_last()
                if self._wire is not None:
                    self._conclude(self._wire[1])
            finally:
                self._finish()
                self._part()
        if not self.opening.dry:
            for tell in self._after:
                tell()

    def rollback(self) -> None:
        """Undo what was done and end; nothing happens when the unit has ended."""
        with self.turn:
            self._finish()
            self._part()

    def cancel(self, reason: KlodsError | None = None) -> None:
        """Stop the running statement, undo everything and end; for another thread than the one that works in it.

        It returns within seconds; a statement that cannot be stopped gives the connection up when it returns. Who goes on
        with the unit meets the ``reason``, or `EndedUnit`.
        """
        self._reason = reason
        self.ended = self._cancelled = True
        end = monotonic() + _CANCEL_SECONDS
        while monotonic() < end:
            if self.turn.acquire(timeout=_CANCEL_PAUSE):
                self._finish(spoiled=True)
                self.turn.release()
                return
            if wire := self._wire:
                _stop(wire[0])
        _log.warning("a statement of %s could not be stopped", self.opening.module)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.ended or kind is not None:
            self.rollback()
        else:
            self.commit()

    def _open(self) -> tuple[psycopg.Connection[DictRow], Transaction]:
        self._refuse()
        if self._wire is None:
            connection = self._lender.take()
            self._wire = connection, Transaction(connection, self._frame)
            self._wire[1].change_settings(self._settings)
            self._refuse()
        return self._wire

    def _ready(self) -> psycopg.Connection[DictRow]:
        """The connection, with everything sent that must precede a statement."""
        connection, transaction = self._open()
        while transaction.unsent:
            try:
                transaction.settle()
            except psycopg.Error as error:
                if transaction.begun:
                    self.explain(error)
                    raise
                connection = self._replace(connection, transaction)
        return connection

    def _replace(self, dead: psycopg.Connection[DictRow], transaction: Transaction) -> psycopg.Connection[DictRow]:
        """Another connection for a transaction that could not begin, as after a restart of the server."""
        self._wire = None
        self._lender.give_back(dead, spoiled=True)
        transaction.connection = connection = self._lender.take()
        self._wire = connection, transaction
        self._refuse()
        return connection

    def _refuse(self) -> None:
        self._refuse_ended()
        if self.host_thread is not None and self.host_thread == threading.get_ident():
            raise BlockingCall

    def _refuse_ended(self) -> None:
        if self.ended:
            self._finish(spoiled=True)
            raise self._why_ended()

    def _why_ended(self) -> KlodsError:
        return type(self._reason)(**self._reason.data) if self._reason else EndedUnit()

    def _conclude(self, transaction: Transaction) -> None:
        if self.opening.dry:
            self.changes = transaction.rehearse()
        else:
            transaction.commit()

    def _begin_block(self) -> str:
        name = self.new_name()
        session = self._session
        with self.wire() as transaction:
            if session is not None:
                session.flush_before_block()
            transaction.savepoint(name)
            if session is not None:
                session.enter_block()
        return name

    def _end_block(self, name: str) -> None:
        with self.wire() as transaction:
            if transaction.failed or (self._session is not None and not self._session.is_active):
                raise SwallowedFailure
            if self._session is not None:
                self._session.leave_block()
            transaction.release(name)

    def _undo_block(self, name: str) -> None:
        with self.turn:
            if self._wire is None:
                return
            if self._session is not None:
                self._session.leave_block(keep=False)
            self._wire[1].back_to(name)

    def _part(self) -> None:
        """Close the Session in the thread that worked in it; after a cancel it may be busy, and is left to fail."""
        session, self._session = self._session, None
        if session is not None:
            session.part()

    def _finish(self, *, spoiled: bool = False) -> None:
        """Give the connection back, once; whatever was not committed is undone."""
        self.ended = True
        wire, self._wire = self._wire, None
        try:
            if wire is not None:
                self._give_back(*wire, spoiled=spoiled)
        finally:
            if self.on_end is not None:
                self.on_end(self)

    def _give_back(self, connection: psycopg.Connection[DictRow], transaction: Transaction, *, spoiled: bool) -> None:
        try:
            transaction.rollback()
        except psycopg.Error:
            _log.warning("the connection of a unit of %s was lost", self.opening.module)
            spoiled = True
        # A request to cancel may be on its way to the server, and must not meet the next one who uses the connection.
        self._lender.give_back(connection, spoiled=spoiled or self._cancelled)


def _stop(connection: psycopg.Connection[Any]) -> None:
    try:
        connection.cancel_safe(timeout=5)
    except psycopg.Error:
        _log.warning("the server did not take a request to cancel a statement")


def _is_stale(error: psycopg.Error) -> bool:
    """Whether a prepared statement stopped fitting because a table it reads was altered."""
    return isinstance(error, psycopg.errors.FeatureNotSupported) and "cached plan" in str(error)
