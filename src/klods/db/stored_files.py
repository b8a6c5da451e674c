"""Which files a module has stored: rows that are kept or undone with the unit they were written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klods.db.database import Database
from klods.db.scope import Scope

HUB = "select id::text from klods.hub"
KNOWN = "select distinct sha256 from klods.stored_file where sha256 = any(%s)"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a module, without its content."""

    name: str
    size: int
    time: datetime
    """When it was written last."""

    sha256: str


class FileRows:
    """The files of a scope's module on its platform; every call works in the present unit."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def store(self, path: str, sha256: str, size: int) -> None:
        """Let a path have this content from now on."""
        self._run("select klods.store_file(%s, %s, %s, %s)", path, sha256, size)

    def drop(self, path: str) -> bool:
        """Forget a path; False when there was none."""
        (row,) = self._run("select klods.drop_file(%s, %s) as dropped", path)
        return bool(row["dropped"])

    def find(self, path: str) -> StoredFile | None:
        """What is stored under a path."""
        return next(iter(self._found("klods.stored_file", path)), None)

    def beginning_with(self, prefix: str) -> Sequence[StoredFile]:
        """What is stored under paths with this beginning, in alphabetical order."""
        return self._found("klods.stored_files", prefix)

    def _found(self, function: str, path: str) -> list[StoredFile]:
        rows = self._run(f"select path, size, at, sha256 from {function}(%s, %s)", path)
        return [StoredFile(row["path"], row["size"], row["at"], row["sha256"]) for row in rows]

    def _run(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return self._scope.unit.run(sql, [self._scope.module, *values]).fetchall()


def hub_id(database: Database) -> str:
    """Which hub's database this is."""
    with database.connection() as connection:
        row = connection.execute(HUB).fetchone()
    return str(row["id"]) if row else ""


def known_contents(database: Database, sha256s: Sequence[str]) -> set[str]:
    """Which of these contents are still part of a file."""
    with database.connection() as connection:
        return {row["sha256"] for row in connection.execute(KNOWN, [list(sha256s)])}
