"""What dry runs would have changed, kept for an hour."""

from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from klods.db.database import Database
from klods.kernel.changes import MOST_ROWS, DryRun

KEEP = """
    with swept as (delete from klods.dry_run where at < now() - interval '1 hour')
    insert into klods.dry_run(id, module, platform_id, status, changes)
    values (%(id)s, %(module)s, %(platform_id)s, %(status)s, %(changes)s)
    on conflict (id) do update set at = now(), status = excluded.status, changes = excluded.changes"""
FIND = """
    select id::text, module, platform_id, at, status, changes from klods.dry_run
     where id::text = %s and platform_id = %s and at >= now() - interval '1 hour'"""


class DryRuns:
    """The dry runs of the last hour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, run: DryRun) -> None:
        """Store a run, in the place of what was known of it before, and forget the expired ones."""
        outgoing = [asdict(one) for one in run.changes.outgoing[:MOST_ROWS]]
        found = {"counts": dict(run.changes.counts), "rows": list(run.changes.rows), "outgoing": outgoing}
        values = {"id": run.id, "module": run.module, "platform_id": run.platform_id, "status": run.status}
        with self._database.connection() as connection:
            connection.execute(KEEP, values | {"changes": Jsonb(found)})

    def find(self, run_id: str, platform_id: int) -> dict[str, Any] | None:
        """A run of that platform, with its counts, its rows and what would have gone out; None when there is none, or not any more."""
        with self._database.connection() as connection:
            row = connection.execute(FIND, [run_id, platform_id]).fetchone()
        if row is None:
            return None
        changes = row.pop("changes")
        return {**row, **changes}
