"""Changes that every process has to follow but that switch no module."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import errors

from klods.db.database import Database
from klods.db.module_log import append
from klods.db.own_connection import Connection, own_transaction
from klods.db.processes import CHANNEL
from klods.errors import AlreadyRunning
from klods.kernel.ports import LogEntry

LOCK_SECONDS = 5.0
HOST = "klods"
"""Under what name the log has what was done to the hub itself."""


@dataclass(slots=True)
class Announced:
    """One change that is kept and told to every process, or undone."""

    connection: Connection
    actor: str
    generation: int = 0

    def log(self, action: str, what: str, *, platform_id: int = 0, before: str = "", after: str = "") -> None:
        """Append a line to the log of the hub."""
        entry = LogEntry(self.actor, action, HOST, platform_id, "done", {"target": what}, before, after)
        append(self.connection, entry, self.generation)


@contextmanager
def announced(database: Database, actor: str) -> Iterator[Announced]:
    """A transaction that raises the generation when it ends well; raise `AlreadyRunning` while modules are switched."""
    with own_transaction(database, LOCK_SECONDS) as connection:
        try:
            row = connection.execute("select number + 1 as number from klods.generation for update").fetchone()
        except errors.LockNotAvailable:
            raise AlreadyRunning from None
        change = Announced(connection, actor, int((row or {"number": 1})["number"]))
        yield change
        connection.execute("update klods.generation set number = %s", [change.generation])
        connection.execute("select pg_notify(%s, %s)", [CHANNEL, str(change.generation)])
