"""The append-only log of what was done to modules and to the hub."""

from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from klods.db.database import Database
from klods.db.own_connection import Connection
from klods.kernel.ports import LogEntry

APPEND = """
    insert into klods.module_log(actor, action, code, platform_id, outcome, plan, before, after, why)
    values (%(actor)s, %(action)s, %(code)s, %(platform_id)s, %(outcome)s, %(plan)s, %(before)s, %(after)s, %(why)s)"""

NEWEST = """
    select at, actor, action, code, platform_id, outcome, plan, before, after, why
      from klods.module_log where code = %s order by id desc limit %s"""


def append(connection: Connection, entry: LogEntry) -> None:
    """Write one more line; it is kept with the transaction."""
    connection.execute(APPEND, asdict(entry) | {"plan": Jsonb(entry.plan)})


def newest_lines(database: Database, code: str, most: int) -> list[dict[str, Any]]:
    """What was done to a module last, the newest first, at most so many lines."""
    with database.connection() as connection:
        return connection.execute(NEWEST, [code, most]).fetchall()
