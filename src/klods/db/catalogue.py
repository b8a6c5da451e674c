"""What a transaction has changed in PostgreSQL's catalogue, and whose it was: the fence round a module's migration.

A row belongs to an *anchor*: a column, constraint or trigger to its table, a label to its enum, a table to itself.
Everything a migration makes, changes or drops must be anchored in its territory.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from klods.db.catalogue_sql import KNOWN, ROLE_LOCKS, TOUCHED
from klods.db.own_connection import Connection

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
    def anchored_at(self) -> Key:
        """The anchor's place among all rows."""
        return self.anchor_catalog, self.anchor

    @property
    def is_anchor(self) -> bool:
        """Whether the row is an anchor itself, not a part of one."""
        return (self.catalog, self.oid) == self.anchored_at


class Watch:
    """Looks at the catalogue before a migration and says afterwards what was changed outside a territory."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        row = connection.execute("select pg_current_xact_id()::text::bigint as id").fetchone()
        self._top = int(row["id"]) if row else 0
        self._known: Mapping[Key, Row] = {(row.catalog, row.oid): row for row in self._rows(KNOWN)}
        self._before = set(self._versions(self._rows(TOUCHED)))
        self._role_locks = self._locked_roles()

    def strays(self, territory: Territory) -> tuple[str, ...]:
        """Everything outside the territory that this transaction made, changed or dropped since the watch began."""
        changed = self._changed()
        made = {row.anchored_at for row in changed if row.is_anchor}
        # What is new speaks for its parts: a stray table is named once, without its columns.
        parts_of_new = made - self._known.keys()
        found = {
            row.label
            for row in changed
            if (row.is_anchor or row.anchored_at not in parts_of_new) and self._is_stray(row, territory)
        }
        found |= {f"dropped {row.label}" for row in self._dropped() if not self._was_in(row, territory)}
        return tuple(sorted(found | (self._locked_roles() - self._role_locks)))

    def _changed(self) -> list[Row]:
        rows = [row for row in self._rows(TOUCHED) if (row.catalog, row.oid, row.part, row.place) not in self._before]
        ours = self._ours({row.writer for row in rows})
        return [row for row in rows if row.writer in ours]

    def _is_stray(self, row: Row, territory: Territory) -> bool:
        known = self._known.get(row.anchored_at, row)
        if row.is_anchor and row.content and known is not row and row.content == known.content:
            return False
        return row.anchor < FIRST_USER_OID or not (territory.holds(known) and territory.holds(row))

    def _was_in(self, row: Row, territory: Territory) -> bool:
        return territory.holds(self._known.get(row.anchored_at, row))

    def _dropped(self) -> Iterator[Row]:
        """Whatever this transaction dropped is gone, and it still holds the lock on it."""
        held: dict[str, list[int]] = {}
        for catalog, oid in self._locked():
            if (catalog, oid) in self._known:
                held.setdefault(catalog, []).append(oid)
        for catalog, oids in held.items():
            there = self._connection.execute(
                f"select oid::bigint as oid from pg_catalog.{catalog} where oid = any(%s)", [oids]
            )
            for oid in set(oids) - {row["oid"] for row in there}:
                yield self._known[catalog, oid]

    def _locked(self) -> Iterator[Key]:
        rows = self._connection.execute(
            """select coalesce(c.relname, 'pg_class') as catalog, coalesce(l.relation, l.objid)::bigint as oid
                 from pg_locks l left join pg_class c on c.oid = l.classid and l.locktype = 'object'
                where l.pid = pg_backend_pid() and l.mode = 'AccessExclusiveLock' and l.granted
                  and l.locktype in ('relation', 'object')"""
        )
        for row in rows:
            yield row["catalog"], row["oid"]

    def _locked_roles(self) -> set[str]:
        return {row["label"] for row in self._connection.execute(ROLE_LOCKS)}

    def _ours(self, writers: Iterable[int]) -> set[int]:
        """Which of the recent writers are this transaction: visible here, and not yet done."""
        full = {self._top & ~0xFFFFFFFF | writer: writer for writer in writers}
        full = {xid if xid >= self._top else xid + (1 << 32): writer for xid, writer in full.items()}
        rows = self._connection.execute(
            "select x::bigint as xid from unnest(%s::text[]) x where pg_xact_status(x::xid8) = 'in progress'",
            [[str(xid) for xid in full]],
        )
        return {full[row["xid"]] for row in rows}

    def _rows(self, query: str) -> list[Row]:
        with self._connection.cursor(row_factory=_row) as cursor:
            return cursor.execute(query).fetchall()

    @staticmethod
    def _versions(rows: Iterable[Row]) -> Iterator[tuple[str, int, int, str]]:
        return ((row.catalog, row.oid, row.part, row.place) for row in rows)


def _row(_cursor: Any) -> Any:
    return Row._make
