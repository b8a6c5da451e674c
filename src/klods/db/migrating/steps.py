"""One step of a chain: the file's SQL or Python, its line in the history, and a session left as it was found."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic
from types import ModuleType, TracebackType
from typing import Literal

import psycopg
from psycopg import sql

from klods.db.migrating.ledger import Direction, Record, write
from klods.db.migrating.sql_text import TextFailed, run_text, say
from klods.db.own_connection import Connection
from klods.errors import KlodsError, MigrationFailed
from klods.kernel.migrations import Revision

Way = Literal["upgrade", "downgrade"]
MODULE_PATH = "public, klods, pg_temp"
HOST_PATH = "klods, public, pg_temp"

_log = logging.getLogger(__name__)

_PRESENT = """
    select name, setting from pg_settings where source = 'session' and name <> 'transaction_isolation'
    union all select 'klods.platform', current_setting('klods.platform', true)
     where current_setting('klods.platform', true) <> ''"""
_FRESH = b"reset session authorization; reset role; reset all"
_SET = "select set_config(name, setting, true) from unnest(%s::text[], %s::text[]) as s(name, setting)"


class CleanSession:
    """The settings a migration runs under, put back after each: what one of them sets reaches no other."""

    def __init__(self, connection: Connection, search_path: str, role: str = "") -> None:
        self._connection = connection
        self.role = role
        """The role that owns the module's tables; empty where modules have none."""

        self._found = {row["name"]: row["setting"] for row in connection.execute(_PRESENT)}
        self._wanted = self._found | {"search_path": search_path, "statement_timeout": "0"}

    def __enter__(self) -> "CleanSession":
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._set(self._found)

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Work in the role that owns the module's tables, where modules have roles; raise `TextFailed` when it was left."""
        if self.role:
            self._connection.execute(sql.SQL("set local role {}").format(sql.Identifier(self.role)))
        yield
        if self.role and self._current_role() != self.role:
            raise TextFailed("it left the role that owns the tables of its module")

    def settle(self) -> None:
        """Forget what was set, and set what the next migration expects."""
        self._set(self._wanted)

    def _current_role(self) -> object:
        row = self._connection.execute("select current_user as role").fetchone()
        return row and row["role"]

    def _set(self, settings: dict[str, str]) -> None:
        self._connection.execute(_FRESH)
        self._connection.execute(_SET, [list(settings), list(settings.values())])


class Steps:
    """Runs revisions of one module in an open transaction."""

    def __init__(self, connection: Connection, code: str, folder: Path, session: CleanSession) -> None:
        self._connection = connection
        self._code = code
        self._folder = folder
        self._session = session

    def __call__(self, revision: Revision, way: Way) -> None:
        """Run one revision, or its reverse, and write it down; raise `MigrationFailed` naming file and line."""
        begun = monotonic()
        with failures(self._code, revision.revision, file_of(revision, way), self._folder):
            with self._session.as_owner():
                direction = self._run(revision, way)
            self._session.settle()
        seconds = monotonic() - begun
        name = file_of(revision, way).name
        write(self._connection, Record(self._code, revision.revision, direction, revision.checksum, name, seconds))

    def _run(self, revision: Revision, way: Way) -> Direction:
        if way == "upgrade" and not revision.transactional:
            return Direction.OWED
        text = read(file_of(revision, way))
        if way == "upgrade" and sha256(text.encode()).hexdigest() != revision.checksum:
            raise TextFailed("the file was changed while it was about to run")
        if revision.kind == "sql":
            run_text(self._connection, text, in_role=bool(self._session.role))
        else:
            self._run_python(revision, text, way)
        return Direction.UP if way == "upgrade" else Direction.DOWN

    def _run_python(self, revision: Revision, text: str, way: Way) -> None:
        before = self._transaction()
        getattr(load_revision(revision, text), way)()
        if self._transaction() != before:
            raise TextFailed("it ended the transaction of the host, so not all of it can be undone")

    def _transaction(self) -> object:
        row = self._connection.execute("select pg_current_xact_id()::text as id").fetchone()
        return row and row["id"]


def file_of(revision: Revision, way: Way) -> Path:
    """The file that is run."""
    if way == "downgrade" and revision.kind == "sql" and revision.down_file is not None:
        return revision.down_file
    return revision.file


def read(file: Path) -> str:
    """The text whose checksum is kept: without a byte order mark, with plain line ends."""
    return file.read_text(encoding="utf-8-sig")


def load_revision(revision: Revision, text: str) -> ModuleType:
    """Execute a `.py` migration from the text that was read; nothing is cached beside the file."""
    module = ModuleType(f"klods_migration_{revision.revision}")
    module.__file__ = str(revision.file)
    exec(compile(text, str(revision.file), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    return module


@contextmanager
def failures(code: str, revision: str, file: Path, folder: Path) -> Iterator[None]:
    """Say whatever goes wrong inside as `MigrationFailed`, with the file, the line and the database's own words."""
    try:
        yield
    except MigrationFailed:
        raise
    except (Exception, SystemExit) as error:
        # The edge to a module's own code: anything can come out of it.
        _log.info("%s: the migration %s failed", code, revision, exc_info=True)
        reason, line = _told(error, file)
        raise MigrationFailed(module=code, revision=revision, reason=reason, where=place(file, folder, line)) from error


def place(file: Path, folder: Path, line: int = 0) -> str:
    """``migrations/001_init.sql:2``, seen from the module's folder."""
    name = file.relative_to(folder) if file.is_relative_to(folder) else file
    return f"{name.as_posix()}:{line}" if line else name.as_posix()


def _told(error: BaseException, file: Path) -> tuple[str, int]:
    if isinstance(error, TextFailed):
        return error.reason, error.line
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, psycopg.Error):
        return say(cause), _line(error, file)
    if isinstance(cause, KlodsError):
        return str(cause), _line(error, file)
    return f"{type(error).__name__}: {error}", _line(error, file)


def _line(error: BaseException, file: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(file)), 0)
