"""Reads the append-only log of what was done to modules."""

from typing import Any

from klods.db.database import Database

NEWEST = """
    select at, actor, action, code, platform_id, outcome, plan, before, after, why
      from klods.module_log where code = %s order by id desc limit %s"""


def newest_lines(database: Database, code: str, most: int) -> list[dict[str, Any]]:
    """What was done to a module last, the newest first, at most so many lines."""
    with database.connection() as connection:
        return connection.execute(NEWEST, [code, most]).fetchall()
