"""Takes the tables of modules, and the host's own, from one revision to another: all of a run or nothing of it."""

from collections.abc import Iterable

from psycopg import errors

from klods.db.database import Database
from klods.db.host import HOST
from klods.db.migrating.chain_run import ChainRun
from klods.db.migrating.ledger import Status, statuses
from klods.db.own_connection import Connection, own_connection, own_transaction
from klods.db.scope import ScopeKind, current_scope
from klods.errors import AlreadyRunning, MigrationFailed, MigrationInRequest, NoSuchModule, NotAllowed
from klods.kernel.catalog import Module
from klods.kernel.migrations import chain_of

TURN_SECONDS = 60.0
"""How long to wait for another migrating process."""


class ModuleMigrator:
    """The migrations port, and everything that runs them.

    Upgrades and downgrades work in a transaction that the caller began on a connection of its own, and ends.
    """

    def __init__(self, database: Database, *, turn_seconds: float = TURN_SECONDS) -> None:
        self._database = database
        self._turn_seconds = turn_seconds

    def pending(self, module: Module) -> tuple[str, ...]:
        """The revisions that would run, oldest first; those without a transaction count until they are done."""
        return self.status(module).remaining

    def all_pending(self, modules: Iterable[Module]) -> dict[str, tuple[str, ...]]:
        """The same for many modules at once, by code."""
        return {code: status.remaining for code, status in self.statuses(modules).items()}

    def status(self, module: Module) -> Status:
        """Where one module stands."""
        return self.statuses([module])[module.code]

    def statuses(self, modules: Iterable[Module]) -> dict[str, Status]:
        """Where modules stand, in a few queries however many they are."""
        chains = {module.code: chain_of(module) for module in modules}
        with self._database.connection() as connection:
            return statuses(connection, chains)

    def upgrade(self, connection: Connection, module: Module, to: str = "head") -> tuple[str, ...]:
        """Run what is pending up to a revision; return what ran and what follows after the commit (`finish`).

        Raises `MigrationFailed`, or `OutsidePrefix` when the module built on land that is not its own.
        """
        if ChainRun(connection, module, self._database).idle:
            return ()
        take_turn(connection, self._turn_seconds)
        return ChainRun(connection, module, self._database).upgrade(to)

    def downgrade(self, connection: Connection, module: Module, to: str) -> tuple[str, ...]:
        """Take back what ran after a revision (``base``: everything, ``-1``: the last); return what was taken back."""
        take_turn(connection, self._turn_seconds)
        return ChainRun(connection, module, self._database).downgrade(to)

    def run_text(self, connection: Connection, module: Module, sql: str) -> None:
        """Run SQL that came without a file, inside the module's fence; the text of one of its files counts as that."""
        take_turn(connection, self._turn_seconds)
        ChainRun(connection, module, self._database).text(sql)

    def finish(self, modules: Iterable[Module]) -> tuple[MigrationFailed, ...]:
        """Run what modules owe without a transaction; what fails stays owed, with the reason, and is returned."""
        from klods.db.migrating.owed import finish

        standing = self.statuses(modules := list(modules))
        owing = [module for module in modules if standing[module.code].owed]
        if not owing:
            return ()
        with own_connection(self._database) as connection:
            return tuple(failure for module in owing for failure in finish(connection, module))

    def plan_sql(self, module: Module) -> str:
        """The SQL that the pending migrations would run, for reading; Python that asks the database is only named."""
        from klods.db.migrating.alembic_chain import shown_sql

        pending = self.pending(module)
        shown = (revision for revision in chain_of(module) if revision.revision in pending)
        return "\n\n".join(f"-- {one.revision} ({one.file.name})\n{shown_sql(one)}" for one in shown)


def take_turn(connection: Connection, seconds: float) -> None:
    """One migration at a time in a database, to the end of its transaction; who waits finds nothing left to do."""
    row = connection.execute("select current_setting('lock_timeout') as before").fetchone() or {}
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
    try:
        connection.execute("select pg_advisory_xact_lock(hashtext('klods.migrate'))")
    except errors.LockNotAvailable:
        raise AlreadyRunning from None
    connection.execute("select set_config('lock_timeout', %s, true)", [row["before"]])


def migrate_host(database: Database) -> None:
    """Bring the host's own tables up to date; harmless again, and when several processes start at once."""
    migrator = ModuleMigrator(database)
    standing = migrator.status(HOST)
    if not standing.pending and not standing.drift:
        return
    with own_transaction(database, lock_seconds=5) as connection:
        take_turn(connection, TURN_SECONDS)
        connection.execute("create schema if not exists klods")
        migrator.upgrade(connection, HOST)


def execute_module_migration(code: str, sql: str) -> bool:
    """Run a migration's SQL for the current module in a transaction of its own, with a line in the history.

    Returns True; raises `MigrationFailed` or `OutsidePrefix` when nothing was kept, `MigrationInRequest` in a request.
    """
    scope = current_scope()
    if scope.kind is ScopeKind.REQUEST or scope.dry or scope.read_only:
        raise MigrationInRequest(module=code)
    if code not in scope.catalog:
        raise NoSuchModule(module=code)
    if scope.module not in {code, HOST.code}:
        raise NotAllowed
    migrator = ModuleMigrator(scope.database, turn_seconds=5)
    with own_transaction(scope.database, lock_seconds=5) as connection:
        migrator.run_text(connection, scope.catalog[code], sql)
    return True
