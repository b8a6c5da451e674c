"""The trigger that notes what a dry run would change: permanent on every table of a module, asleep otherwise."""

import logging
from collections.abc import Callable, Iterable

from psycopg import errors, sql

from klods.db.database import Database
from klods.db.own_connection import Connection, own_transaction
from klods.kernel.definition import ModuleDefinition

log = logging.getLogger(__name__)

CAPTURE = "klods_capture"
LOCK_SECONDS = 5.0
_UNARMED = """
    select c.relname as name, t.oid is not null as there from pg_class c
      left join pg_trigger t on t.tgrelid = c.oid and t.tgname = 'klods_capture'
     where c.relnamespace = 'public'::regnamespace and starts_with(c.relname, %s)
       and c.relkind in ('r', 'p') and not c.relispartition and pg_has_role(c.relowner, 'usage')
       and (t.oid is null or t.tgenabled <> 'O' or t.tgfoid <> 'klods.capture'::regproc)
     order by 1"""
_TRIGGER = """
    create trigger klods_capture after insert or update or delete on {} for each row
      when (current_setting('klods.dry', true) = 'on') execute function klods.capture()"""


def arm(connection: Connection, prefix: str) -> None:
    """Give the tables under a prefix the trigger, as far as they have not got it; partitions have that of their table."""
    for row in connection.execute(_UNARMED, [prefix]).fetchall():
        table = sql.Identifier("public", row["name"])
        if row["there"]:
            connection.execute(sql.SQL("drop trigger klods_capture on {}").format(table))
        connection.execute(sql.SQL(_TRIGGER).format(table))


def arm_installed(database: Database, definitions: Callable[[], Iterable[ModuleDefinition]]) -> tuple[str, ...]:
    """Give tables of installed modules the trigger that were made before there was one; return the modules' codes.

    One query where nothing is lacking. A table that somebody works in for long is left for the next time.
    """
    with database.connection() as connection:
        bare = [row["name"] for row in connection.execute(_UNARMED, [""]).fetchall()]
    if not bare:
        return ()
    lacking = (it for it in definitions() if any(name.startswith(it.table_prefix) for name in bare))
    return tuple(definition.code for definition in lacking if _armed(database, definition))


def _armed(database: Database, definition: ModuleDefinition) -> bool:
    try:
        with own_transaction(database, LOCK_SECONDS) as connection:
            arm(connection, definition.table_prefix)
    except errors.LockNotAvailable:
        log.warning("%s: its tables are in use, so dry runs do not tell yet what they would change", definition.code)
        return False
    return True
