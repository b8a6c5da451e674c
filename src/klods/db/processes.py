"""Which web and worker processes are alive, and how far each has followed the states.

A process is alive while it holds its advisory lock on the connection it listens on; the kernel of the machine and
the database server drop that lock however the process ends.
"""

import os
import platform
import select
import socket
import uuid
from time import monotonic
from typing import Self

import psycopg
from psycopg.rows import tuple_row

from klods.db.database import Database
from klods.db.own_connection import Connection, own_connection
from klods.kernel.history import Acknowledgement

CHANNEL = "klods"
ACKNOWLEDGED = "klods_acknowledged"
POLL_SECONDS = 1.0

ALIVE = """
    exists (select from pg_locks
             where locktype = 'advisory' and objsubid = 2 and granted
               and database = (select oid from pg_database where datname = current_database())
               and classid::bigint = hashtext('klods.process')::bigint & 4294967295
               and objid::bigint = hashtext(process.id::text)::bigint & 4294967295)"""


class Membership:
    """One process's place among the others: its row, its lock and its ear on the channel."""

    def __init__(self, conninfo: str, *, role: str, address: str = "") -> None:
        self.id = uuid.uuid4()
        self.name = f"{role}-{os.getpid()}"
        self._role = role
        self._address = address
        self._connection = psycopg.connect(conninfo, autocommit=True, row_factory=tuple_row)

    def join(self) -> Self:
        """Take the lock, write the row, listen; rows of processes that died are swept."""
        run = self._connection.execute
        run("select pg_advisory_lock(hashtext('klods.process'), hashtext(%s))", [str(self.id)])
        run(f"delete from klods.process where not {ALIVE}")
        run(
            "insert into klods.process(id, name, role, pid, host, address) values (%s, %s, %s, %s, %s, %s)",
            [self.id, self.name, self._role, os.getpid(), platform.node(), self._address],
        )
        run(f"listen {CHANNEL}")
        return self

    def generation(self) -> int:
        """The number of the states in force now."""
        row = self._connection.execute("select number from klods.generation").fetchone()
        return int(row[0]) if row else 0

    def wait(self, wake: socket.socket, seconds: float = POLL_SECONDS) -> bool:
        """Sleep until something is said on the channel or on ``wake``, or the time is up; payloads are not trusted.

        True when something was said on the channel.
        """
        poll = select.poll()
        for end in (self._connection, wake):
            poll.register(end.fileno(), select.POLLIN)
        poll.poll(seconds * 1000)
        return any(list(self._connection.notifies(timeout=0)))

    def acknowledge(self, generation: int) -> None:
        """Say that this process acts by the generation."""
        self._connection.execute(
            "update klods.process set generation = %s, seen_at = now() where id = %s", [generation, self.id]
        )
        self._connection.execute(f"notify {ACKNOWLEDGED}")

    def leave(self) -> None:
        """Take the row away and hang up; safe on a connection that is already dead."""
        try:
            self._connection.execute("delete from klods.process where id = %s", [self.id])
        except psycopg.Error:
            return
        finally:
            self._connection.close()


class LiveProcesses:
    """The processes port: who has not followed yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wait(self, generation: int, seconds: float) -> Acknowledgement:
        """Wait until every live process acknowledged the generation, and say who did, who is late and how long it took."""
        begin = monotonic()
        with own_connection(self._database) as connection:
            connection.execute(f"listen {ACKNOWLEDGED}")
            followed, late = _followers(connection, generation)
            while late and (left := begin + seconds - monotonic()) > 0:
                for _ in connection.notifies(timeout=min(left, POLL_SECONDS), stop_after=1):
                    pass
                followed, late = _followers(connection, generation)
        return Acknowledgement(generation, followed, late, monotonic() - begin)

    def address(self) -> str:
        """Where people reach the hub that was started last; empty when none is served."""
        with self._database.connection() as connection:
            row = connection.execute(
                f"select address from klods.process where address <> '' and {ALIVE} order by started_at desc limit 1"
            ).fetchone()
        return row["address"] if row else ""

    def living(self) -> tuple[tuple[str, int], ...]:
        """Every live process with the generation it acts by."""
        with self._database.connection() as connection:
            rows = connection.execute(f"select name, generation from klods.process where {ALIVE} order by name")
            return tuple((row["name"], row["generation"]) for row in rows)


def _followers(connection: Connection, generation: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The live processes that act by the generation, and those that do not yet."""
    query = f"select name, generation >= %s as acts from klods.process where {ALIVE} order by name"
    rows = connection.execute(query, [generation]).fetchall()
    return tuple(row["name"] for row in rows if row["acts"]), tuple(row["name"] for row in rows if not row["acts"])
