"""Migrations that cannot run in a transaction: indexes built beside the work of others, after the commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

import psycopg
from psycopg import sql

from klods.db.migrating.ledger import Direction, Record, statuses, write
from klods.db.migrating.sql_text import Statement, TextFailed, say, statements
from klods.db.migrating.steps import MODULE_PATH, failures, place, read
from klods.db.own_connection import Connection
from klods.errors import AlreadyRunning, MigrationFailed
from klods.kernel.catalog import Module
from klods.kernel.migrations import Revision, chain_of

TURN_SECONDS = 60
STATE = """
    select i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
     where c.relnamespace = 'public'::regnamespace and c.relname = %s"""


@dataclass(frozen=True, slots=True)
class IndexWork:
    """The one statement such a file may hold: CREATE, DROP or REINDEX INDEX CONCURRENTLY, with the names in it."""

    verb: str
    index: str
    table: str
    text: str


def read_work(module: Module, revision: Revision) -> IndexWork:
    """The index that a no-transaction file works on; raise `MigrationFailed` when it holds anything else."""
    with failures(module.code, revision.revision, revision.file, module.source.folder):
        found = list(statements(read(revision.file)))
        if len(found) != 1:
            raise TextFailed(f"a no-transaction file holds exactly one statement, not {len(found)}")
        work = _work(found[0])
        prefix = module.definition.table_prefix
        for name in filter(None, (work.index, work.table)):
            if not name.startswith(prefix):
                raise TextFailed(f"{name} does not begin with {prefix}", found[0].line)
    return work


def finish(connection: Connection, module: Module) -> Iterator[MigrationFailed]:
    """Do what a module still owes, one after the other, and yield what failed; the first failure ends it."""
    with _turn(connection):
        owed = statuses(connection, {module.code: chain_of(module)})[module.code].owed
        for revision in chain_of(module):
            if revision.revision in owed and (failure := _finish_one(connection, module, revision)):
                yield failure
                return


def _finish_one(connection: Connection, module: Module, revision: Revision) -> MigrationFailed | None:
    begun = monotonic()
    reason = _build(connection, read_work(module, revision))
    direction = Direction.OWED if reason else Direction.UP
    name, seconds = revision.file.name, monotonic() - begun
    write(connection, Record(module.code, revision.revision, direction, revision.checksum, name, seconds, reason))
    where = place(revision.file, module.source.folder)
    failure = MigrationFailed(module=module.code, revision=revision.revision, reason=reason, where=where)
    return failure if reason else None


def _build(connection: Connection, work: IndexWork) -> str:
    """Work outside any transaction; return why it failed, or an empty string. What is done already is left alone."""
    try:
        connection.execute(f"set search_path = {MODULE_PATH}; set lock_timeout = '{TURN_SECONDS}s'".encode())
        if not _is_done(connection, work):
            connection.execute(work.text.encode())
    except psycopg.Error as error:
        if connection.closed:
            raise
        left = f"; the invalid index {work.index} was left behind" if _validity(connection, work) is False else ""
        return say(error) + left
    return ""


def _is_done(connection: Connection, work: IndexWork) -> bool:
    """Whether an earlier try got through; a broken index it left is taken away first."""
    valid = _validity(connection, work)
    if work.verb == "CREATE" and valid is False:
        connection.execute(sql.SQL("drop index concurrently {}").format(sql.Identifier("public", work.index)))
    return bool(valid) if work.verb == "CREATE" else work.verb == "DROP" and valid is None


def _validity(connection: Connection, work: IndexWork) -> bool | None:
    row = connection.execute(STATE, [work.index]).fetchone()
    return row["valid"] if row else None


def _work(statement: Statement) -> IndexWork:
    words = [word for word in statement.words if word not in {"UNIQUE", "IF", "NOT", "EXISTS", "ONLY"}]
    match words:
        case ["CREATE", "INDEX", "CONCURRENTLY", index, "ON", table, following, *_] if following != ".":
            return IndexWork("CREATE", _folded(index), _folded(table), statement.text)
        case [("DROP" | "REINDEX") as verb, "INDEX", "CONCURRENTLY", index]:
            return IndexWork(verb, _folded(index), "", statement.text)
    reason = "only CREATE, DROP and REINDEX INDEX CONCURRENTLY, with plain names, can run without a transaction"
    raise TextFailed(reason, statement.line)


def _folded(name: str) -> str:
    return name.strip('"').lower()


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    """One builder at a time, asked for again and again: a statement that waits would keep a snapshot, and stop it."""
    end = monotonic() + TURN_SECONDS
    while not _try_lock(connection):
        if monotonic() > end:
            raise AlreadyRunning
        sleep(0.1)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(hashtext('klods.owed'))")


def _try_lock(connection: Connection) -> bool:
    row = connection.execute("select pg_try_advisory_lock(hashtext('klods.owed')) as got").fetchone()
    return bool(row and row["got"])
