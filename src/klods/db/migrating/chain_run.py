"""One module's chain beside the database, inside one open transaction: forward, back, and single texts."""

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path

from psycopg import sql

from klods.db.database import Database
from klods.db.host import HOST
from klods.db.migrating import ledger
from klods.db.migrating.catalogue import Territory, Watch
from klods.db.migrating.ledger import Direction, Drift, Record
from klods.db.migrating.owed import read_work
from klods.db.migrating.sql_text import run_text
from klods.db.migrating.steps import HOST_PATH, MODULE_PATH, CleanSession, Steps, Way, failures, place, read
from klods.db.own_connection import Connection
from klods.db.roles.capturing import arm
from klods.db.roles.land import Land
from klods.errors import MigrationFailed, OutsidePrefix
from klods.kernel.catalog import Module
from klods.kernel.migrations import Revision, chain_of
from klods.kernel.syntax import Unparsable, parse


class ChainRun:
    """What can be done to one module's tables, from where they stand now."""

    def __init__(self, connection: Connection, module: Module, database: Database) -> None:
        self._connection = connection
        self._database = database
        self._module = module
        self._chain = chain_of(module)
        self.status = ledger.statuses(connection, {module.code: self._chain})[module.code]

    @property
    def idle(self) -> bool:
        """Whether there is nothing to run and nothing to complain about."""
        return not (self.status.remaining or self.status.drift or self._chain.problems.errors)

    def upgrade(self, to: str) -> tuple[str, ...]:
        """Run what is pending up to a revision; return it, after what is still owed."""
        self._refuse_problems()
        for drift in self.status.drift:
            raise self._failure(drift)
        stop = _cut(self.status.pending, to, self._module)
        pending = self.status.pending[:stop]
        self._check_owed(pending)
        if pending:
            self._walk(pending[-1], "upgrade")
        return (*self.status.owed, *pending)

    def downgrade(self, to: str) -> tuple[str, ...]:
        """Take back everything after a revision; refused before anything runs when one of them has no way back."""
        self._refuse_problems()
        names = [revision.revision for revision in self._chain]
        done = names[: len(names) - len(self.status.pending)]
        keep = _cut(done, to, self._module)
        back = tuple(reversed(done[keep:]))
        for drift in self.status.drift:
            if drift.how == "vanished":
                raise self._failure(drift)
        self._refuse_one_way(back)
        if back:
            self._walk(done[keep - 1] if keep else "base", "downgrade")
        return back

    def text(self, text: str) -> None:
        """Run SQL that came without a file; when it is the text of a file, that file is what runs."""
        checksum = sha256(text.encode()).hexdigest()
        if known := next((r.revision for r in self._chain if r.checksum == checksum), None):
            if known in self.status.pending:
                self.upgrade(known)
            return
        code, folder, name = self._module.code, self._module.source.folder, f"text_{checksum[:12]}"
        with self._fence() as session, failures(code, name, folder / name, folder):
            with session.as_owner():
                run_text(self._connection, text, in_role=bool(session.role))
            session.settle()
        ledger.write(self._connection, Record(code, name, Direction.TEXT, checksum))

    def _walk(self, to: str, way: Way) -> None:
        from klods.db.migrating.alembic_chain import run_chain

        ledger.make_version_table(self._connection, self._module.code)
        with self._fence() as session:
            code, folder = self._module.code, self._module.source.folder
            steps = Steps(self._connection, code, folder, session)
            with failures(code, to, folder / self._module.definition.migrations_path, folder):
                run_chain(self._connection, self._chain, to, steps, way=way)

    @contextmanager
    def _fence(self) -> Iterator[CleanSession]:
        """The settings of a migration, and afterwards the proof that it stayed on the module's land."""
        if self._module is HOST:
            with CleanSession(self._connection, HOST_PATH) as session:
                yield session
            return
        family, definition = self._database.family, self._module.definition
        land = Land(self._connection, definition.holder, family) if family else None
        with land.open() if land else nullcontext():
            watch = Watch(self._connection, self._database)
            with CleanSession(self._connection, MODULE_PATH, land.owner if land else "") as session:
                yield session
            with self._deferred_done(land.owner if land else ""):
                prefix = definition.table_prefix
                if strays := watch.strays(Territory("public", prefix)):
                    raise OutsidePrefix(module=definition.code, prefix=prefix, objects=", ".join(strays), items=strays)
        if land is None:
            arm(self._connection, definition.table_prefix)

    @contextmanager
    def _deferred_done(self, owner: str) -> Iterator[None]:
        """A moment in which everything has run that waits for the commit: what breaks there is this module's fault."""
        folder = self._module.source.folder
        self._connection.execute("savepoint klods_deferred")
        with failures(self._module.code, "(at its end)", folder / self._module.definition.migrations_path, folder):
            if owner:  # before PostgreSQL 18 a deferred trigger works in whatever role is in force when its time comes
                self._connection.execute(sql.SQL("set local role {}").format(sql.Identifier(owner)))
            self._connection.execute("set constraints all immediate; reset role")
        yield
        self._connection.execute("rollback to savepoint klods_deferred; release savepoint klods_deferred")

    def _check_owed(self, pending: Sequence[str]) -> None:
        for revision in self._chain:
            if revision.revision in pending and not revision.transactional:
                read_work(self._module, revision)

    def _refuse_problems(self) -> None:
        for problem in self._chain.problems.errors:
            file, folder = Path(problem.file), self._module.source.folder
            where = place(file, folder, problem.line)
            raise MigrationFailed(module=self._module.code, revision=file.name, reason=problem.message, where=where)

    def _failure(self, drift: Drift) -> MigrationFailed:
        return MigrationFailed(
            module=self._module.code, revision=drift.revision, reason=drift.advice, where=drift.file or "migrations"
        )

    def _refuse_one_way(self, back: Sequence[str]) -> None:
        folder = self._module.source.folder
        for revision in self._chain:
            if revision.revision in back and (missing := _missing_way_back(revision)):
                raise MigrationFailed(
                    module=self._module.code,
                    revision=revision.revision,
                    reason=f"it cannot be taken back: {missing}; nothing was changed",
                    where=place(revision.file, folder),
                )


def _missing_way_back(revision: Revision) -> str:
    if revision.kind == "sql":
        number = revision.file.name.partition("_")[0]
        return "" if revision.down_file else f"there is no {number}_….down.sql beside it"
    tree = parse(read(revision.file))
    if isinstance(tree, Unparsable):
        return f"it cannot be parsed: {tree.reason}"
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return "" if "downgrade" in functions else "it has no downgrade()"


def _cut(names: Sequence[str], to: str, module: Module) -> int:
    """How many of the revisions are on this side of a target: a name, a number, ``base``, ``head``, ``+1`` or ``-1``."""
    if to in {"head", "base"}:
        return len(names) if to == "head" else 0
    if to[:1] in {"+", "-"} and to[1:].isdigit():
        return max(0, min(len(names), int(to) if to[0] == "+" else len(names) + int(to)))
    for index, name in enumerate(names, 1):
        if to in {name, name.rpartition("_")[2]}:
            return index
    reason = "there is no such revision on this side of where the tables stand"
    raise MigrationFailed(module=module.code, revision=to, reason=reason, where="migrations")
