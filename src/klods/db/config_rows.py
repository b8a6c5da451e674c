"""What is stored about the settings of modules, with its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from klods.db.announcing import announced
from klods.db.database import Database
from klods.db.own_connection import Connection, own_transaction
from klods.db.processes import CHANNEL
from klods.errors import NoSuchConfigChange, StaleConfig
from klods.kernel.config_changes import ConfigChange, NewConfig
from klods.kernel.state import StoredConfig

LOCK_SECONDS = 5.0
READ = "select * from klods.module_config where module = %s and platform_id = %s"
WRITE = "select klods.write_config(%s, %s, %s, %s, %s, %s, %s, %s, %s) as version"
HISTORY = """
    select h.id, h.at, h.actor, h.module, h.platform_id, h.version, h.changes, h.why, h.undoes
      from klods.module_config_history h where h.module = %(module)s and h.platform_id = %(platform_id)s
       and (%(id)s::bigint is null or h.id = %(id)s) order by h.id desc limit %(most)s"""
BEFORE = "select secrets from klods.module_config_before where history_id = %s"
SEALED = """
    select 'module_config' as stands, module, platform_id, null::bigint as id, secrets from klods.module_config
     where secrets <> '{}'
     union all
    select 'module_config_before', module, platform_id, history_id, secrets from klods.module_config_before
     where secrets <> '{}' order by 1, 2, 3, 4"""
RESEAL = {
    "module_config": "update klods.module_config set secrets = %(new)s"
    " where module = %(module)s and platform_id = %(platform_id)s and secrets = %(old)s",
    "module_config_before": "update klods.module_config_before set secrets = %(new)s"
    " where history_id = %(id)s and secrets = %(old)s",
}


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One row that holds ciphertexts, whichever table it is in."""

    stands: str
    module: str
    platform_id: int
    id: int | None
    secrets: Mapping[str, str] = field(repr=False)


def stored_config(row: Mapping[str, Any]) -> StoredConfig:
    """A row as a value."""
    at = row["updated_at"]
    plain = {name: row[name] for name in ("module", "platform_id", "values", "secrets", "version", "updated_by")}
    return StoredConfig(**plain, updated_at=datetime.fromisoformat(at) if isinstance(at, str) else at)


def forget_config(connection: Connection, code: str) -> None:
    """Delete what is said about the settings of a module, and every secret it ever had; the history stays, which has none."""
    for table in ("module_config", "module_config_before"):
        connection.execute(f"delete from klods.{table} where module = %s", [code])


class ConfigRows:
    """The configuration of modules on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, code: str, platform_id: int) -> StoredConfig:
        """What is stored, or a row that says nothing."""
        with self._database.connection() as connection:
            row = connection.execute(READ, [code, platform_id]).fetchone()
        return stored_config(row) if row else StoredConfig(code, platform_id)

    def write(self, new: NewConfig, actor: str) -> int:
        """Store it if nothing was stored since it was made, and tell every process; return the generation.

        Raises `StaleConfig`.
        """
        with own_transaction(self._database, LOCK_SECONDS) as connection:
            values = [Jsonb(dict(new.values)), Jsonb(dict(new.secrets)), actor, Jsonb(list(new.changes)), new.why]
            before = new.before
            row = connection.execute(
                WRITE, [before.module, before.platform_id, before.version, *values, new.undoes or None]
            ).fetchone()
            if row is None or row["version"] is None:
                raise _stale(connection, before)
            # What happens at the commit happens now, so that the generation is known.
            connection.execute("set constraints all immediate")
            made = connection.execute("select number from klods.generation").fetchone()
            generation = int((made or {"number": 0})["number"])
            connection.execute("select pg_notify(%s, %s)", [CHANNEL, str(generation)])
        return generation

    def history(self, code: str, platform_id: int, *, most: int = 100) -> tuple[ConfigChange, ...]:
        """What was changed, the newest first."""
        wanted = {"module": code, "platform_id": platform_id, "id": None, "most": most}
        with self._database.connection() as connection:
            return tuple(_change(row) for row in connection.execute(HISTORY, wanted))

    def change(self, code: str, platform_id: int, number: int) -> tuple[ConfigChange, Mapping[str, str]]:
        """One change, and the ciphertexts that stood before it; raise `NoSuchConfigChange`."""
        wanted = {"module": code, "platform_id": platform_id, "id": number, "most": 1}
        with self._database.connection() as connection:
            row = connection.execute(HISTORY, wanted).fetchone()
            before = connection.execute(BEFORE, [number]).fetchone()
        if row is None or before is None:
            raise NoSuchConfigChange(module=code, change=number)
        return _change(row), before["secrets"]

    def sealed(self) -> Sequence[SealedRow]:
        """Every row that holds ciphertexts."""
        with self._database.connection() as connection:
            return [SealedRow(**row) for row in connection.execute(SEALED)]

    def reseal(self, row: SealedRow, secrets: Mapping[str, str]) -> bool:
        """Put other ciphertexts of the same secrets there; False when the row was changed meanwhile. Kept at once."""
        place = {"module": row.module, "platform_id": row.platform_id, "id": row.id}
        values = {"new": Jsonb(dict(secrets)), "old": Jsonb(dict(row.secrets)), **place}
        with self._database.connection() as connection:
            return connection.execute(RESEAL[row.stands], values).rowcount == 1

    def announce_rotation(self, actor: str, count: int) -> None:
        """Tell every process that ciphertexts are others now, and note it in the log."""
        with announced(self._database, actor) as change:
            change.log("config.rotate", "secrets", after=str(count))


def _stale(connection: Connection, before: StoredConfig) -> StaleConfig:
    row = connection.execute(READ, [before.module, before.platform_id]).fetchone()
    now = row["version"] if row else 0
    return StaleConfig(module=before.module, seen=before.version, version=now)


def _change(row: Mapping[str, Any]) -> ConfigChange:
    return ConfigChange(**{**row, "changes": tuple(row["changes"])})
