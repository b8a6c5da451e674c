"""What is recorded about migrations, and what it says beside the files: pending, owed, drifted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from psycopg import sql

from klods.db.own_connection import Connection
from klods.kernel.migrations import Chain, Revision
from klods.kernel.names import python_name

SCHEMA = "klods"
ADVICE = {
    "changed": "its file changed after it ran; put the old text back and write the change as a new migration",
    "vanished": "it ran, but its file is gone; bring the file back, or take it back with the version that has it",
    "skipped": "later ones have run without it; give it the next free number",
}
"""How an applied migration can part from its file, and the way out."""


class Direction(StrEnum):
    """What a line of the history says; an owed one waits for the commit, a text came without a file."""

    UP = "up"
    DOWN = "down"
    OWED = "owed"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the history."""

    module: str
    revision: str
    direction: Direction
    checksum: str
    file: str = ""
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """An applied migration whose file is no longer what ran; ``how`` is a key of `ADVICE`."""

    revision: str
    file: str
    how: str

    @property
    def advice(self) -> str:
        """What happened, and the way out."""
        return ADVICE[self.how]


@dataclass(frozen=True, slots=True)
class Status:
    """Where a module's tables stand beside its files."""

    code: str
    current: str | None = None
    pending: tuple[str, ...] = ()
    owed: Mapping[str, str] = field(default_factory=dict)
    """Revisions that still run without a transaction, each with what went wrong last time, or nothing."""
    drift: tuple[Drift, ...] = ()

    @property
    def remaining(self) -> tuple[str, ...]:
        """Everything a migration would run, oldest first."""
        return (*self.owed, *self.pending)


def statuses(connection: Connection, chains: Mapping[str, Chain]) -> dict[str, Status]:
    """Where modules stand, in a few queries however many they are."""
    where, lines = positions(connection, chains), records(connection, list(chains))
    return {code: compare(chain, where.get(code), lines[code]) for code, chain in chains.items()}


def version_table(code: str) -> str:
    """The name of the table, in schema klods, that holds the module's position."""
    return f"{python_name(code)}_alembic_version"


def make_version_table(connection: Connection, code: str) -> None:
    """Make the module's version table; Alembic's own would hold 32 characters."""
    table = sql.Identifier(SCHEMA, version_table(code))
    if not _there(connection, [version_table(code)]):
        connection.execute(sql.SQL("create table {} (version_num text primary key)").format(table))


def close_book(connection: Connection, code: str, detail: str) -> tuple[str, dict[str, Record]]:
    """End a module's history, because its tables leave; return where they stood, and the lines that counted."""
    revision = positions(connection, [code]).get(code, "")
    lines = {name: it for name, it in records(connection, [code])[code].items() if it.direction is not Direction.DOWN}
    for line in lines.values():
        write(connection, replace(line, direction=Direction.DOWN, seconds=0.0, detail=detail))
    table = sql.Identifier(SCHEMA, version_table(code))
    connection.execute(sql.SQL("drop table if exists {}").format(table))
    return revision, lines


def reopen_book(connection: Connection, code: str, revision: str, lines: Iterable[Record]) -> None:
    """Go on with a history that `close_book` ended."""
    make_version_table(connection, code)
    table = sql.Identifier(SCHEMA, version_table(code))
    connection.execute(sql.SQL("delete from {}").format(table))
    if revision:
        connection.execute(sql.SQL("insert into {} values (%s)").format(table), [revision])
    for line in lines:
        write(connection, line)


def positions(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """The revision each module stands at, in two queries however many they are; the others stand at none."""
    tables = {version_table(code): code for code in codes}
    parts = [
        sql.SQL("select {} as code, version_num from {}").format(
            sql.Literal(tables[name]), sql.Identifier(SCHEMA, name)
        )
        for name in _there(connection, list(tables))
    ]
    rows = connection.execute(sql.SQL(" union all ").join(parts)) if parts else ()
    return {row["code"]: row["version_num"] for row in rows}


def records(connection: Connection, codes: Sequence[str]) -> dict[str, dict[str, Record]]:
    """The last line about each revision of each module."""
    found: dict[str, dict[str, Record]] = {code: {} for code in codes}
    if not _there(connection, ["module_migration"]):
        return found
    rows = connection.execute(
        """select distinct on (module, revision) module, revision, direction, checksum, file, seconds, detail
             from klods.module_migration where module = any(%s) and direction <> 'text'
            order by module, revision, id desc""",
        [list(codes)],
    )
    for row in rows:
        record = Record(**row | {"direction": Direction(row["direction"])})
        found[record.module][record.revision] = record
    return found


def write(connection: Connection, record: Record) -> None:
    """Add a line to the history."""
    connection.execute(
        """insert into klods.module_migration(module, revision, direction, checksum, file, seconds, detail)
           values (%s, %s, %s, %s, %s, %s, %s)""",
        [record.module, record.revision, record.direction, record.checksum, record.file, record.seconds, record.detail],
    )


def compare(chain: Chain, current: str | None, lines: Mapping[str, Record]) -> Status:
    """What is left to run, and which applied files are no longer what ran."""
    ran = {name: record for name, record in lines.items() if record.direction is not Direction.DOWN}
    names = [revision.revision for revision in chain]
    cut = names.index(current) + 1 if current in names else 0
    past = chain.revisions[:cut]
    owed = {name: ran[name].detail for name in names[:cut] if name in ran and ran[name].direction is Direction.OWED}
    lost = [Drift(name, record.file, "vanished") for name, record in ran.items() if name not in names]
    if current is not None and current not in names and current not in ran:
        lost.append(Drift(current, "", "vanished"))
    return Status(chain.code, current, tuple(names[cut:]), owed, (*_parted(past, ran), *lost))


def _parted(past: Iterable[Revision], ran: Mapping[str, Record]) -> Iterable[Drift]:
    for revision in past:
        if revision.revision not in ran:
            yield Drift(revision.revision, revision.file.name, "skipped")
        elif ran[revision.revision].direction is Direction.UP and ran[revision.revision].checksum != revision.checksum:
            yield Drift(revision.revision, revision.file.name, "changed")


def _there(connection: Connection, tables: list[str]) -> list[str]:
    rows = connection.execute(
        "select relname from pg_class where relnamespace = to_regnamespace(%s) and relname = any(%s)", [SCHEMA, tables]
    )
    return [row["relname"] for row in rows]
