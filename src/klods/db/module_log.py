"""Reads the append-only log of what was done to modules."""

from typing import Any

from klods.db.database import Database

NEWEST = """
    select at, actor, action, code, platform_id, outcome, plan, before, after, why
      from klods.module_log where code = %s order by id desc limit %s"""


class ModuleLog:
    """The log of module actions, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, code: str, most: int) -> list[dict[str, Any]]:
        """The newest lines about a module, at most so many."""
        with self._database.connection() as connection:
            return connection.execute(NEWEST, [code, most]).fetchall()
