"""One transaction on the wire: what PostgreSQL is told about its begin, savepoints and end.

Nothing is sent before it is needed: a begin, a savepoint and the release of an older one wait for the next statement
and travel together; a commit makes releasing savepoints needless.
"""

import logging
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import scalar_row

from klods.db.units.opening import Frame
from klods.db.units.reasons import first_line
from klods.errors import CommitFailed, SwallowedFailure
from klods.kernel.changes import MOST_ROWS, Changes, Outgoing

_log = logging.getLogger(__name__)

_FINE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


@dataclass(slots=True)
class _Step:
    name: str
    sent: bool = False
    done: bool = False


class Transaction:
    """The begin, the savepoints and the end of one transaction on a psycopg connection in autocommit mode."""

    __slots__ = ("_begun", "_frame", "_releases", "_settings", "_steps", "_wanted", "connection", "unsent")

    def __init__(self, connection: psycopg.Connection[Any], frame: Frame) -> None:
        self.connection = connection
        self.unsent = True
        """Whether something waits to be sent before the next statement."""
        self._frame = frame
        self._settings = self._wanted = frame.again
        self._begun = False
        self._steps: list[_Step] = []
        self._releases: list[str] = []

    @property
    def failed(self) -> bool:
        """Whether a statement failed and PostgreSQL refuses everything until a rollback."""
        return self.connection.pgconn.transaction_status == TransactionStatus.INERROR

    @property
    def lost(self) -> bool:
        """Whether the connection has died, and the transaction with it."""
        return self.connection.closed

    @property
    def begun(self) -> bool:
        """Whether PostgreSQL knows of it; before that it can move to another connection."""
        return self._begun

    def change_settings(self, settings: bytes) -> None:
        """Work under other settings from the next statement on, and come back to these after a savepoint."""
        self._wanted = settings
        self.unsent = True

    def settle(self) -> None:
        """Send what waits; every statement does this first."""
        if not self.unsent:
            return
        try:
            if self._begun or self._steps or self._wanted is not self._frame.again:
                self._catch_up()
            else:
                self._send(self._frame.begin)
        finally:
            self._begun = self._begun or not self.lost
        self.unsent = False

    def begin_again(self) -> None:
        """Undo everything that was sent, and send the begin and the open savepoints once more."""
        self._send(self._frame.rollback)
        self._begun, self.unsent = False, True
        self._settings = self._frame.again
        for step in self._steps:
            step.sent = False
        self.settle()

    def savepoint(self, name: str) -> None:
        """Establish a savepoint before the next statement."""
        self._steps.append(_Step(name))
        self.unsent = True

    def release(self, name: str) -> None:
        """Be done with a savepoint, keeping what was done since; inner ones that are still in use keep it alive."""
        if self.failed:
            self._send(b"RELEASE SAVEPOINT %s" % name.encode())  # the server says why that cannot be
        if (step := self._step(name)) is None:
            raise psycopg.errors.InvalidSavepointSpecification(f"the savepoint {name} has been undone")
        step.done = True
        while self._steps and self._steps[-1].done:
            last = self._steps.pop()
            if last.sent:
                self._releases.append(last.name)
                self.unsent = True

    def back_to(self, name: str) -> None:
        """Undo what was done since the savepoint was established, now, unless that was undone already."""
        if (step := self._step(name)) is None:
            return
        del self._steps[self._steps.index(step) + 1 :]
        if step.sent and not self.lost:
            self._releases.clear()
            self._send(b"ROLLBACK TO SAVEPOINT %s;%s" % (name.encode(), self._wanted))
            self._settings = self._wanted
        step.done = True
        self.release(name)

    def commit(self) -> None:
        """Keep everything; raise `SwallowedFailure` or `CommitFailed` when PostgreSQL would not, and undo it all."""
        if not self._begun:
            return
        if self.failed:
            self.rollback()
            raise SwallowedFailure
        if self.lost:
            raise CommitFailed(reason="the connection was lost; nothing was saved")
        try:
            answer = self._send(self._frame.commit)
        except psycopg.Error as error:
            raise CommitFailed(reason=self._why(error), sqlstate=error.sqlstate) from error
        finally:
            self._finish()
        if answer == b"ROLLBACK":
            raise SwallowedFailure

    def rehearse(self) -> Changes | None:
        """Let PostgreSQL check what it would check at a commit, raise what `commit` would raise, and undo everything.

        Returns what would have been changed; None when that could not be found out.
        """
        if not self._begun:
            return Changes()
        if self.failed:
            self.rollback()
            raise SwallowedFailure
        try:
            self._send(b"SET CONSTRAINTS ALL IMMEDIATE")
            return self._captured()
        except psycopg.Error as error:
            raise CommitFailed(reason=self._why(error), sqlstate=error.sqlstate) from error
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Undo everything; a connection that died has done so already."""
        if self._begun and not self.lost:
            self._send(self._frame.rollback)
        self._finish()

    def _captured(self) -> Changes | None:
        try:
            with self.connection.cursor(row_factory=scalar_row) as cursor:
                found: Any = cursor.execute("select klods.captured_changes(%s)", [MOST_ROWS]).fetchone()
                outgoing = [Outgoing(**one) for one in found["outgoing"]]
                return Changes(found["counts"], found["rows"], outgoing)
        except psycopg.Error as error:
            # The answer stays what a live call would give; only the list of changes is missing.
            _log.warning("what a dry run would change is not known: %s", first_line(error))
            return None

    def _catch_up(self) -> None:
        """Send what waits besides a begin; often nothing is left of it."""
        parts = [] if self._begun else [self._frame.begin]
        parts += [b"RELEASE SAVEPOINT %s" % name.encode() for name in self._releases]
        parts += [b"SAVEPOINT %s" % step.name.encode() for step in self._steps if not step.sent]
        if self._settings is not self._wanted:
            parts.append(self._wanted)
        if parts:
            self._send(b";".join(parts))
        self._settings = self._wanted
        self._releases.clear()
        for step in self._steps:
            step.sent = True

    def _finish(self) -> None:
        self._begun = self.unsent = False
        self._steps.clear()
        self._releases.clear()

    def _step(self, name: str) -> _Step | None:
        return next((step for step in reversed(self._steps) if step.name == name), None)

    def _why(self, error: psycopg.Error) -> str:
        if self.lost:
            return "the connection was lost while saving, so it is not known whether it was saved"
        return first_line(error)

    def _send(self, text: bytes) -> bytes:
        result = self.connection.pgconn.exec_(text)
        if result.status not in _FINE:
            raise psycopg.errors.error_from_result(result, encoding="utf-8")
        return result.command_status or b""
