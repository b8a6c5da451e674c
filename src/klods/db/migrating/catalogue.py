"""What a transaction has changed in PostgreSQL's catalogue, and whose it was: the fence round a module's migration.

A row belongs to an *anchor*: a column, constraint or trigger to its table, a label to its enum, a table to itself.
Everything a migration makes, changes or drops must be anchored in its territory. The watch costs as much as was
changed, however much the database holds: what things were before, the committed catalogue still says to others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from klods.db.database import Database
from klods.db.migrating.catalogue_sql import LOCKED, ROLE_LOCKS, TOUCHED, known_as
from klods.db.own_connection import Connection, own_connection

FIRST_USER_OID = 16384

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Territory:
    """Where a module may build: the names in one schema that begin with its prefix."""

    schema: str
    prefix: str

    def holds(self, row: "Row") -> bool:
        """Whether the anchor of the row stands in this territory."""
        return row.schema == self.schema and row.name.startswith(self.prefix)


class Row(NamedTuple):
    """One catalogue row: what it is, its anchor with schema and name, and where this version of it stands."""

    catalog: str
    oid: int
    part: int
    anchor_catalog: str
    anchor: int
    schema: str
    name: str
    label: str
    content: str
    place: str
    writer: int

    @property
    def key(self) -> Key:
        """The row's place among all rows, shared with its like parts."""
        return self.catalog, self.oid

    @property
    def anchored_at(self) -> Key:
        """The anchor's place among all rows."""
        return self.anchor_catalog, self.anchor

    @property
    def is_anchor(self) -> bool:
        """Whether the row is an anchor itself, not a part of one."""
        return self.key == self.anchored_at


class Watch:
    """Looks at an open transaction before a migration, and says afterwards what was changed outside a territory."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection = connection
        self._database = database
        row = connection.execute("select pg_current_xact_id()::text::bigint as id").fetchone()
        self._top = int(row["id"]) if row else 0
        self._written = {(*row.key, row.part, row.place): row for row in self._touched()}
        self._gone_before = self._gone()
        self._role_locks = self._locked_roles()

    def strays(self, territory: Territory) -> tuple[str, ...]:
        """Everything outside the territory that this transaction made, changed or dropped since the watch began."""
        changed, gone = self._changed(), self._gone() - self._gone_before
        before = self._before({row.anchored_at for row in changed} | gone)
        # What is new speaks for its parts: a stray table is named once, without its columns.
        new = {row.anchored_at for row in changed if row.is_anchor} - before.keys()
        found = {
            row.label
            for row in changed
            if (row.is_anchor or row.anchored_at not in new) and _is_stray(row, before.get(row.anchored_at), territory)
        }
        dropped = (before[key] for key in gone if key in before)
        found |= {f"dropped {row.label}" for row in dropped if not territory.holds(row)}
        return tuple(sorted(found | (self._locked_roles() - self._role_locks)))

    def _changed(self) -> list[Row]:
        rows = [row for row in self._touched() if (*row.key, row.part, row.place) not in self._written]
        ours = self._ours({row.writer for row in rows})
        return [row for row in rows if row.writer in ours]

    def _before(self, keys: Iterable[Key]) -> Mapping[Key, Row]:
        """What stood under the keys when the watch began: written earlier in this transaction, or committed."""
        written = {row.key: row for row in self._written.values() if row.key in set(keys)}
        if not (others := set(keys) - written.keys()):
            return written
        with own_connection(self._database) as outside, outside.cursor(row_factory=_row) as cursor:
            found = [row for query in known_as(_by_catalog(others)) for row in cursor.execute(query)]
        return {row.key: row for row in found} | written

    def _gone(self) -> set[Key]:
        """What this transaction dropped: it still holds the lock on it, and it is nowhere to be found."""
        locked = _by_catalog((row["catalog"], row["oid"]) for row in self._connection.execute(LOCKED))
        gone: set[Key] = set()
        for catalog, oids in locked.items():
            there = self._connection.execute(f"select oid::bigint as oid from {catalog} where oid = any(%s)", [oids])
            gone |= {(catalog, oid) for oid in set(oids) - {row["oid"] for row in there}}
        return gone

    def _locked_roles(self) -> set[str]:
        return {row["label"] for row in self._connection.execute(ROLE_LOCKS)}

    def _ours(self, writers: Iterable[int]) -> set[int]:
        """Which of the recent writers are this transaction: visible here, and not yet done."""
        low = self._top & 0xFFFFFFFF
        full = {self._top - low + writer + (1 << 32) * (writer < low): writer for writer in writers}
        rows = self._connection.execute(
            "select x::bigint as xid from unnest(%s::text[]) x where pg_xact_status(x::xid8) = 'in progress'",
            [[str(xid) for xid in full]],
        )
        return {full[row["xid"]] for row in rows}

    def _touched(self) -> list[Row]:
        with self._connection.cursor(row_factory=_row) as cursor:
            return cursor.execute(TOUCHED).fetchall()


def _is_stray(row: Row, before: Row | None, territory: Territory) -> bool:
    if before is not None and row.is_anchor and row.content and row.content == before.content:
        return False
    held = territory.holds(row) and (before is None or territory.holds(before))
    return row.anchor < FIRST_USER_OID or not held


def _by_catalog(keys: Iterable[Key]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for catalog, oid in keys:
        found.setdefault(catalog, []).append(oid)
    return found


def _row(_cursor: Any) -> Any:
    return Row._make
