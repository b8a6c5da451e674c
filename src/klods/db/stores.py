"""The stored states of modules, and the one kind of transaction that changes them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import errors, sql

from klods.db.config_rows import forget_config, stored_config
from klods.db.database import Database
from klods.db.holdings.archiving import bring_back, discard, find_archives, set_aside
from klods.db.holdings.belongings import belongings
from klods.db.migrating.migrator import ModuleMigrator, take_turn
from klods.db.module_log import append
from klods.db.own_connection import ChangingDatabase, Connection, check_deferred, own_connection, own_transaction
from klods.db.processes import CHANNEL
from klods.db.roles.granting import settle_grants
from klods.db.roles.making import drop_module_roles, make_module_roles
from klods.db.scope import Scope, ScopeKind, run_in
from klods.errors import AlreadyRunning, KlodsError
from klods.kernel.catalog import Module
from klods.kernel.configured import ConfigurationOf, Configurations
from klods.kernel.grants import Grant
from klods.kernel.history import Acknowledgement
from klods.kernel.holdings import Holder
from klods.kernel.names import default_prefix
from klods.kernel.ports import LogEntry
from klods.kernel.state import Activation, Active, Installation, Installed, Reason, States, StoredSwitches

_log = logging.getLogger(__name__)

LOCK = "select pg_advisory_xact_lock(hashtext('klods.lifecycle'))"
ALONE = "select pg_advisory_lock(hashtext('klods.action'))"
READ = """
    select (select number from klods.generation) as generation,
           (select coalesce(jsonb_agg(to_jsonb(i) - 'updated_at'), '[]') from klods.installation i) as installations,
           (select coalesce(jsonb_agg(to_jsonb(a) - 'updated_at'), '[]') from klods.activation a) as activations,
           (select coalesce(jsonb_agg(to_jsonb(s) - 'updated_at'), '[]') from klods.module_switch s) as switches,
           (select coalesce(jsonb_agg(to_jsonb(c)), '[]') from klods.module_config c) as configs"""
SAVE_INSTALLATION = """
    insert into klods.installation(code, state, version, content_hash, reason, detail, wish)
    values (%(code)s, %(state)s, %(version)s, %(content_hash)s, %(reason)s, %(detail)s, %(wish)s)
    on conflict (code) do update set state = excluded.state, version = excluded.version,
        content_hash = excluded.content_hash, reason = excluded.reason, detail = excluded.detail,
        wish = excluded.wish, updated_at = now()"""
SAVE_ACTIVATION = """
    insert into klods.activation(code, platform_id, state, reason, detail)
    values (%(code)s, %(platform_id)s, %(state)s, %(reason)s, %(detail)s)
    on conflict (code, platform_id) do update
        set state = excluded.state, reason = excluded.reason, detail = excluded.detail, updated_at = now()"""
SAVE_SWITCHES = """
    insert into klods.module_switch(code, platform_id, read_only, dry_run)
    values (%(code)s, %(platform_id)s, %(read_only)s, %(dry_run)s)
    on conflict (code, platform_id) do update
        set read_only = excluded.read_only, dry_run = excluded.dry_run, updated_at = now()"""
SAVE: Mapping[type, str] = {
    Installation: SAVE_INSTALLATION,
    Activation: SAVE_ACTIVATION,
    StoredSwitches: SAVE_SWITCHES,
}
ACKNOWLEDGED = """
    insert into klods.module_log_acknowledgement(generation, followed, late, seconds)
    values (%(generation)s, %(followed)s, %(late)s, %(seconds)s)"""


class StateRows:
    """The states port on PostgreSQL."""

    def __init__(
        self,
        database: Database,
        migrator: ModuleMigrator | None = None,
        *,
        lock_seconds: float = 5.0,
        hook_seconds: float = 30.0,
    ) -> None:
        self._database = database
        self._migrator = migrator or ModuleMigrator(database)
        self._lock_seconds = lock_seconds
        self._hook_seconds = hook_seconds

    def read(self) -> States:
        """The states of all modules at one moment."""
        with self._database.connection() as connection:
            return _states(connection.execute(READ).fetchone() or {})

    @contextmanager
    def alone(self, *, patient: bool = True) -> Iterator[None]:
        """Held over a whole action; the server lets go of it when this process ends, however it ends."""
        with own_connection(self._database) as connection:
            try:
                milliseconds = max(1, int(self._lock_seconds * 1000)) if patient else 1
                connection.execute("select set_config('lock_timeout', %s, false)", [str(milliseconds)])
                connection.execute(ALONE)
            except errors.LockNotAvailable:
                raise AlreadyRunning from None
            yield

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Note beside what a change logged who had followed it when it was answered."""
        it = acknowledgement
        values = {"followed": list(it.followed), "late": list(it.late), "seconds": it.seconds}
        with self._database.connection() as connection:
            connection.execute(ACKNOWLEDGED, {"generation": it.generation, **values})

    @contextmanager
    def change(self) -> Iterator["OpenChange"]:
        """A transaction under the life-cycle lock, kept and told to every process when the block ends well."""
        with own_transaction(self._database, self._lock_seconds) as connection:
            try:
                connection.execute(LOCK)
            except errors.LockNotAvailable:
                raise AlreadyRunning from None
            change = OpenChange(self._database, connection, self._migrator, hook_seconds=self._hook_seconds)
            yield change
            change.tell()
        self._finish(change.migrated)

    def _finish(self, modules: Sequence[Module]) -> None:
        # The change is in force by now, so what goes wrong here stays pending and undoes nothing.
        try:
            failures: Sequence[Exception] = self._migrator.finish(modules)
        except (KlodsError, psycopg.Error) as error:
            failures = [error]
        for failure in failures:
            _log.warning("%s; it stays pending", failure)


class OpenChange:
    """One open transaction over states, migrations and hooks."""

    def __init__(
        self, database: Database, connection: Connection, migrator: ModuleMigrator, *, hook_seconds: float
    ) -> None:
        self._database = database
        self._connection = connection
        self._migrator = migrator
        self._hook_seconds = hook_seconds
        self.migrated: list[Module] = []
        row = connection.execute("select number + 1 as number from klods.generation for update").fetchone()
        self._generation = int((row or {"number": 1})["number"])

    @property
    def generation(self) -> int:
        """The generation that this change makes when it commits."""
        return self._generation

    def states(self) -> States:
        """The states as this transaction sees them."""
        return _states(self._connection.execute(READ).fetchone() or {})

    def prepare(self, module: Module, grants: Sequence[Grant]) -> None:
        """Make the roles in which the module will work, where modules have roles, and grant what both sides agree on."""
        if family := self._database.family:
            make_module_roles(self._connection, family, module.code)
            self.grant(module.code, grants)

    def grant(self, code: str, grants: Sequence[Grant]) -> None:
        """Let a module have exactly these rights on tables of others; raise `GrantFailed` for what is not there."""
        if family := self._database.family:
            settle_grants(self._connection, family, code, grants)

    def migrate(self, module: Module) -> tuple[str, ...]:
        """Run the module's pending migrations; those without a transaction follow after the commit."""
        self.migrated.append(module)
        return self._migrator.upgrade(self._connection, module)

    def run(
        self,
        module: Module,
        platform_id: int,
        hook: Callable[[], object],
        needed: Mapping[str, Module] = MappingProxyType({}),
    ) -> None:
        """Run a hook of the module in a scope whose unit is part of this transaction; it may call modules it needs.

        Each of its statements has a time limit. What it did is taken back when it fails, or would make the commit fail.
        """
        database = ChangingDatabase(self._database, self._connection)
        scope = Scope(
            database,
            module.code,
            platform_id,
            kind=ScopeKind.COMMAND,
            catalog={**needed, module.code: module},
            is_enabled=self._is_enabled,
            statement_seconds=self._hook_seconds,
            configuration=self._configuration({**needed, module.code: module}),
        )
        with database.within() as connection:
            run_in(scope, hook)
            check_deferred(connection)

    def _configuration(self, modules: Mapping[str, Module]) -> ConfigurationOf:
        return Configurations(modules, self.states().configs, self._database.environment, self._database.cipher).of

    def _is_enabled(self, code: str, platform_id: int) -> bool:
        return self.states().activation(code, platform_id).state is Active.ENABLED

    def set_aside(self, holder: Holder) -> int:
        """Put everything a module holds into an archive, and return its number."""
        take_turn(self._connection, self._hook_seconds)
        row = self.states().installation(holder.code)
        return set_aside(self._connection, self._database.family, holder, row)

    def bring_back(self, code: str, archive: int) -> tuple[str, ...]:
        """Put the content of an archive back; return what no longer holds of it, for people."""
        take_turn(self._connection, self._hook_seconds)
        return bring_back(self._connection, self._database.family, code, archive)

    def discard(self, code: str, archive: int) -> None:
        """Delete an archive for good, and what dry runs of the module noted."""
        discard(self._connection, code, archive)
        self._drop_idle_roles(code)
        self._connection.execute("delete from klods.dry_run where module = %s", [code])

    def forget_config(self, code: str) -> None:
        """Delete what was said about the settings of a module, on every platform."""
        forget_config(self._connection, code)

    def forget(self, code: str) -> None:
        """Delete every row of the states about a module."""
        for table in ("module_switch", "activation", "installation"):
            self._connection.execute(
                sql.SQL("delete from klods.{} where code = %s").format(sql.Identifier(table)), [code]
            )
        self._drop_idle_roles(code)

    def _drop_idle_roles(self, code: str) -> None:
        """A module that is not installed and holds nothing, here or set aside, needs no roles."""
        family, installed = self._database.family, self.states().installation(code).state is Installed.INSTALLED
        if family is None or installed or find_archives(self._connection, code):
            return
        if not belongings(self._connection, Holder(code, default_prefix(code)), family):
            drop_module_roles(self._connection, family, code)

    def save(self, row: Installation | Activation | StoredSwitches) -> None:
        """Store a row of the states."""
        self._connection.execute(SAVE[type(row)], asdict(row))

    def log(self, entry: LogEntry) -> None:
        """Append a line to the log."""
        append(self._connection, entry, self._generation)

    def tell(self) -> None:
        """Raise the generation and tell every process; both take effect with the commit."""
        self._connection.execute("update klods.generation set number = %s", [self._generation])
        self._connection.execute("select pg_notify(%s, %s)", [CHANNEL, str(self._generation)])


def _states(row: Mapping[str, Any]) -> States:
    installations = (_installation(entry) for entry in row["installations"])
    activations = (_activation(entry) for entry in row["activations"])
    switches = (StoredSwitches(**entry) for entry in row["switches"])
    return States(
        row["generation"] or 0,
        {entry.code: entry for entry in installations},
        {(entry.code, entry.platform_id): entry for entry in activations},
        {(entry.code, entry.platform_id): entry for entry in switches},
        {(entry.module, entry.platform_id): entry for entry in map(stored_config, row["configs"])},
    )


def _installation(row: dict[str, Any]) -> Installation:
    return Installation(**row | {"state": Installed(row["state"]), "reason": _reason(row)})


def _activation(row: dict[str, Any]) -> Activation:
    return Activation(**row | {"state": Active(row["state"]), "reason": _reason(row)})


def _reason(row: Mapping[str, Any]) -> Reason | None:
    return Reason(row["reason"]) if row["reason"] else None
