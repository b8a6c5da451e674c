"""The append-only log of what was done to modules and to the hub."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from klods.db.database import Database
from klods.db.own_connection import Connection
from klods.errors import NoSuchEntry
from klods.kernel.history import Acknowledgement, Entry, Turned
from klods.kernel.ports import LogEntry

APPEND = """
    insert into klods.module_log(actor, action, code, platform_id, outcome, plan, before, after, why, undoes, generation)
    values (%(actor)s, %(action)s, %(code)s, %(platform_id)s, %(outcome)s, %(plan)s, %(before)s, %(after)s, %(why)s,
            %(undoes)s, %(generation)s)"""

_ENTRIES = """
    select e.id, e.at, e.actor, e.action, coalesce(e.plan ->> 'target', e.code) as code, e.platform_id, e.outcome,
           e.plan, e.why, e.undoes, e.generation, a.followed, a.late, a.seconds,
           (select jsonb_agg(jsonb_build_object('code', m.code, 'before', m.before, 'after', m.after) order by m.id)
              from klods.module_log m where m.id = e.id or m.generation = e.generation) as changes,
           (select u.id from klods.module_log u where u.undoes = e.id and u.outcome = 'done'
             order by u.generation desc, u.id limit 1) as undone_by
      from klods.module_log e left join klods.module_log_acknowledgement a using (generation)"""
_NEWEST = """
     where not exists (select from klods.module_log b where b.generation = e.generation and b.id < e.id)
       and (%(code)s = '' or exists (select from klods.module_log m
                                      where m.code = %(code)s and (m.id = e.id or m.generation = e.generation)))
       and (%(platform_id)s::bigint is null or e.platform_id = %(platform_id)s)
       and e.id > %(after)s
     order by e.id desc limit %(most)s"""
_ONE = """
     where e.id = (select min(m.id) from klods.module_log said join klods.module_log m
                       on m.id = said.id or m.generation = said.generation where said.id = %s)"""


def append(connection: Connection, entry: LogEntry, generation: int) -> None:
    """Write one more line about the change that makes this generation; it is kept with the transaction."""
    connection.execute(APPEND, asdict(entry) | {"plan": Jsonb(entry.plan), "generation": generation})


class ModuleLog:
    """The log of modules on PostgreSQL; what one change wrote is one entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, entry: int) -> Entry:
        """An entry by the number of any of its rows; raise `NoSuchEntry`."""
        with self._database.connection() as connection:
            row = connection.execute(_ENTRIES + _ONE, [entry]).fetchone()
        if row is None:
            raise NoSuchEntry(entry=entry)
        return _entry(row)

    def read(
        self, *, code: str = "", platform_id: int | None = None, after: int = 0, most: int | None = None
    ) -> tuple[Entry, ...]:
        """The newest entries, the newest first: about a module, on a platform, later than an entry, at most so many."""
        wanted = {"code": code, "platform_id": platform_id, "after": after, "most": most}
        with self._database.connection() as connection:
            return tuple(_entry(row) for row in connection.execute(_ENTRIES + _NEWEST, wanted))


def _entry(row: Mapping[str, Any]) -> Entry:
    plain = {name: row[name] for name in Entry.__slots__ if name in row and name != "changes"}
    changes = tuple(Turned(**change) for change in row["changes"])
    return Entry(**plain, changes=changes, acknowledgement=_acknowledgement(row))


def _acknowledgement(row: Mapping[str, Any]) -> Acknowledgement | None:
    if row["seconds"] is None:
        return None
    return Acknowledgement(row["generation"], tuple(row["followed"]), tuple(row["late"]), row["seconds"])
