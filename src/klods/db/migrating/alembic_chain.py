"""Alembic on a chain of `.sql` and `.py` revisions: it keeps the order and the version table, we run the steps."""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from types import ModuleType
from typing import Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from klods.db.migrating.ledger import SCHEMA, version_table
from klods.db.migrating.sql_text import TextFailed, refuse_escapes
from klods.db.migrating.steps import Way, load_revision, read
from klods.db.own_connection import Connection
from klods.db.roles.escapes import block_escapes
from klods.db.units.sqlalchemy_view import borrow
from klods.kernel.migrations import Chain, Revision

_log = logging.getLogger(__name__)

Step = Callable[[Revision, Way], None]

# `alembic.op` and `alembic.context` are one per process, whatever thread or database uses them.
_ALEMBIC = threading.Lock()


def _admit(statement: str) -> None:
    """Refuse in Python what is refused in SQL, and more: here no function of the owner is round a statement."""
    refuse_escapes(statement)
    for found in block_escapes(statement):
        raise TextFailed(f"{found} cannot stand in a Python migration: use a .sql file")


class ChainScripts(ScriptDirectory):
    """A module's chain in the shape that Alembic expects; a `.py` file is imported when it runs and not before."""

    def __init__(self, chain: Chain, step: Step) -> None:
        super().__init__(str(chain.revisions[0].file.parent))
        self._chain = chain
        self._step = step

    def _load_revisions(self) -> Iterator[Script]:
        for revision in self._chain:
            yield Script(self._shape(revision), revision.revision, revision.file)

    def _shape(self, revision: Revision) -> ModuleType:
        shape = ModuleType(revision.revision)
        shape.__dict__.update(
            revision=revision.revision,
            down_revision=revision.parent,
            upgrade=self._named_step(revision, "upgrade"),
            downgrade=self._named_step(revision, "downgrade"),
        )
        return shape

    def _named_step(self, revision: Revision, way: Way) -> Callable[..., None]:
        step = partial(self._step, revision, way)
        # Alembic logs the name of the function that it runs.
        step.__name__ = way  # type: ignore[attr-defined]
        return step


def run_chain(connection: Connection, chain: Chain, to: str, step: Step, *, way: Way = "upgrade") -> None:
    """Run the steps between the recorded position and a revision inside the open transaction; each moves the position."""
    scripts = ChainScripts(chain, step)

    def steps(current: Any, _context: MigrationContext) -> Any:
        # Alembic keeps these two private, and offers nothing else that returns steps.
        find = scripts._upgrade_revs if way == "upgrade" else scripts._downgrade_revs  # noqa: SLF001
        return find(to, current)

    with _ALEMBIC, EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(
            connection=borrow(connection, _admit), version_table=version_table(chain.code), version_table_schema=SCHEMA
        )
        environment.run_migrations()


def shown_sql(revision: Revision) -> str:
    """The SQL that a revision would send; a `.py` file is run without a database to find out."""
    text = read(revision.file)
    if revision.kind == "sql":
        return text.strip()
    buffer = StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": buffer})
    try:
        with _ALEMBIC, Operations.context(context):
            load_revision(revision, text).upgrade()
    except Exception as error:  # noqa: BLE001
        # The edge to a module's own code, which may well need the answers of a real database.
        _log.info("%s cannot be shown without a database", revision.revision, exc_info=True)
        return f"{buffer.getvalue().strip()}\n-- what follows depends on the database: {type(error).__name__}: {error}".strip()
    return buffer.getvalue().strip()
