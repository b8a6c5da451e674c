"""In-memory twins of the kernel's ports: the same behaviour without a database, files or other processes."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from types import ModuleType, TracebackType
from typing import Any, Self

from klods.errors import AlreadyRunning, MigrationFailed, NoSuchArchive, NoSuchEntry, NoSuchModule, PartFailed
from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.config_schema import schema_of
from klods.kernel.definition import ModuleDefinition
from klods.kernel.grants import Grant
from klods.kernel.history import DONE, Acknowledgement, Entry, Turned
from klods.kernel.holdings import Archive, Holder, Table
from klods.kernel.importer import ModuleImporter
from klods.kernel.lifecycle import Lifecycle
from klods.kernel.migrations import chain_of
from klods.kernel.parts import PARTS, load_part, spoken_definition
from klods.kernel.ports import LogEntry
from klods.kernel.state import Activation, Installation, Installed, States, StoredSwitches, may_move


class MemoryMigrator:
    """A `Migrator` that only remembers: revisions come from `revisions` by code, or else from the module's files."""

    def __init__(self, revisions: Mapping[str, Sequence[str]] | None = None) -> None:
        self.revisions = dict(revisions or {})
        self.applied: dict[str, tuple[str, ...]] = {}
        self.failing: dict[str, str] = {}
        """Revisions that fail, with the reason."""

    def pending(self, module: Module) -> tuple[str, ...]:
        """The revisions that have not been applied."""
        known = self.revisions.get(module.code)
        line = [revision.revision for revision in chain_of(module)] if known is None else known
        return tuple(revision for revision in line if revision not in self.applied.get(module.code, ()))

    def all_pending(self, modules: Iterable[Module]) -> dict[str, tuple[str, ...]]:
        """The same for many modules at once."""
        return {module.code: self.pending(module) for module in modules}


class MemoryTables:
    """`Tables` that are only numbers: set ``tables`` by code, and in ``pointing`` who depends on them."""

    def __init__(self) -> None:
        self.tables: dict[str, tuple[Table, ...]] = {}
        self.pointing: tuple[str, ...] = ()
        self.without_platform: dict[str, tuple[str, ...]] = {}
        """Tables that all platforms share, by code."""

        self.kept: tuple[Archive, ...] = ()

    def held(self, holder: Holder) -> tuple[Table, ...] | None:
        """What was set."""
        return self.tables.get(holder.code)

    def referrers(self, holders: Iterable[Holder]) -> tuple[str, ...]:
        """What was set, as soon as anything is asked about."""
        return self.pointing if any(holder.code in self.tables for holder in holders) else ()

    def shared(self, holder: Holder) -> tuple[str, ...]:
        """What was set."""
        return self.without_platform.get(holder.code, ())

    def archives(self, code: str = "") -> tuple[Archive, ...]:
        """What was set aside, the newest first."""
        return tuple(it for it in reversed(self.kept) if code in ("", it.holder.code))


class MemoryChange:
    """A `Change` on copies, which `MemoryStates` keeps when the block ends without an error."""

    def __init__(self, before: States, migrator: MemoryMigrator, tables: MemoryTables) -> None:
        self._before = before
        self._migrator = migrator
        self.tables = dict(tables.tables)
        self.archives = tables.kept
        self.installations = dict(before.installations)
        self.activations = dict(before.activations)
        self.switches = dict(before.switches)
        self.configs = dict(before.configs)
        self.applied = dict(migrator.applied)
        self.granted: dict[str, tuple[Grant, ...]] = {}
        self.entries: list[LogEntry] = []
        self.ran: list[tuple[str, int]] = []

    @property
    def generation(self) -> int:
        """The generation that this change makes."""
        return self._before.generation + 1

    def states(self) -> States:
        """The states with what was saved so far."""
        return States(
            self._before.generation,
            dict(self.installations),
            dict(self.activations),
            dict(self.switches),
            dict(self.configs),
        )

    def prepare(self, module: Module, grants: Sequence[Grant]) -> None:
        """Remember what the module may do with tables of others."""
        self.grant(module.code, grants)

    def grant(self, code: str, grants: Sequence[Grant]) -> None:
        """Remember the rights."""
        self.granted[code] = tuple(grants)

    def migrate(self, module: Module) -> tuple[str, ...]:
        """Apply what is pending, up to a revision that is set to fail."""
        pending = self._migrator.pending(module)
        for revision in pending:
            if reason := self._migrator.failing.get(revision):
                raise MigrationFailed(module=module.code, revision=revision, reason=reason, where=f"{revision}:1")
        self.applied[module.code] = (*self.applied.get(module.code, ()), *pending)
        return pending

    def run(self, module: Module, platform_id: int, hook: Callable[[], object], needed: Mapping[str, Module]) -> None:
        """Run the hook here; an error changes nothing and is raised."""
        del needed
        hook()
        self.ran.append((module.code, platform_id))

    def set_aside(self, holder: Holder) -> int:
        """Move the numbers into an archive."""
        row, number = self.states().installation(holder.code), len(self.archives) + 1
        tables, at = self.tables.pop(holder.code, ()), datetime(2026, 1, number, tzinfo=UTC)
        revision = (*self.applied.pop(holder.code, ()), "")[0]
        kept = Archive(number, holder, at, row.version, row.content_hash, revision, tables)
        self.archives = (*self.archives, kept)
        return number

    def bring_back(self, code: str, archive: int) -> tuple[str, ...]:
        """Move them back."""
        self.tables[code] = next(it for it in self.archives if it.id == archive).tables
        self.discard(code, archive)
        return ()

    def discard(self, code: str, archive: int) -> None:
        """Forget an archive; raise `NoSuchArchive`."""
        if archive not in {it.id for it in self.archives}:
            raise NoSuchArchive(module=code)
        self.archives = tuple(it for it in self.archives if it.id != archive)

    def forget_config(self, code: str) -> None:
        """Delete what was said about the settings of a module."""
        for key in [key for key in self.configs if key[0] == code]:
            del self.configs[key]

    def forget(self, code: str) -> None:
        """Delete the rows of a module."""
        self.installations.pop(code, None)
        for rows in (self.activations, self.switches):
            for key in [key for key in rows if key[0] == code]:
                del rows[key]

    def save(self, row: Installation | Activation | StoredSwitches) -> None:
        """Store a row; raise ValueError for a move between states that is not allowed."""
        states = self.states()
        if isinstance(row, StoredSwitches):
            self.switches[row.code, row.platform_id] = row
            return
        if isinstance(row, Installation):
            before: Installation | Activation = states.installation(row.code)
            self.installations[row.code] = row
        else:
            before = states.activation(row.code, row.platform_id)
            self.activations[row.code, row.platform_id] = row
        if before.state is not row.state and not may_move(before.state, row.state):
            raise ValueError(f"{row.code}: {before.state} → {row.state} is not allowed")

    def log(self, entry: LogEntry) -> None:
        """Append a line to the log."""
        self.entries.append(entry)


class MemoryLog:
    """A `Log` of what was kept in `MemoryStates`; what one change logged is one entry."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def find(self, entry: int) -> Entry:
        """An entry by its number; raise `NoSuchEntry`."""
        found = next((it for it in self._shown() if it.id == entry), None)
        if found is None:
            raise NoSuchEntry(entry=entry)
        return found

    def read(
        self, *, code: str = "", platform_id: int | None = None, after: int = 0, most: int | None = None
    ) -> tuple[Entry, ...]:
        """The newest entries, the newest first."""
        found = [
            it for it in reversed(self._shown())
            if it.id > after and platform_id in (None, it.platform_id)
            and (not code or code in {turned.code for turned in it.changes})
        ]  # fmt: skip
        return tuple(found[:most])

    def keep(self, lines: Sequence[LogEntry]) -> None:
        """Make one entry of what a change logged."""
        if lines:
            first, number = lines[0], len(self.entries) + 1
            changes = tuple(Turned(it.code, it.before, it.after) for it in lines)
            facts = (first.actor, first.action, first.plan.get("target", first.code), first.platform_id, first.outcome)
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            self.entries.append(Entry(number, at, *facts, first.why, first.plan, changes, first.undoes))

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Note it beside the newest entry."""
        self.entries[-1] = replace(self.entries[-1], acknowledgement=acknowledgement)

    def _shown(self) -> list[Entry]:
        undone = {it.undoes: it.id for it in self.entries if it.outcome == DONE}
        return [replace(it, undone_by=undone.get(it.id)) for it in self.entries]


class MemoryStates:
    """A `StateStore`: one change at a time, kept whole or not at all."""

    def __init__(self, states: States | None = None, migrator: MemoryMigrator | None = None) -> None:
        self.states = states or States()
        self.migrator = migrator or MemoryMigrator()
        self.tables = MemoryTables()
        self.log: list[LogEntry] = []
        self.history = MemoryLog()
        self.hooks: list[tuple[str, int]] = []
        """Module and platform of every hook that ran inside a kept change."""

        self.grants: dict[str, tuple[Grant, ...]] = {}
        """What each module may do with tables of others."""

        self._lock = Lock()
        self._action = Lock()

    def read(self) -> States:
        """The states at this moment."""
        return self.states

    @contextmanager
    def alone(self, *, patient: bool = True) -> Iterator[None]:
        """Refuses a second action while one runs."""
        if not self._action.acquire(timeout=0.05 if patient else 0):
            raise AlreadyRunning
        try:
            yield
        finally:
            self._action.release()

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Note it in the history."""
        self.history.acknowledge(acknowledgement)

    @contextmanager
    def change(self) -> Iterator[MemoryChange]:
        """A change that is kept when the block ends without an error."""
        if not self._lock.acquire(timeout=0.05):
            raise AlreadyRunning
        try:
            change = MemoryChange(self.states, self.migrator, self.tables)
            yield change
            self.states = replace(change.states(), generation=change.generation)
            self.migrator.applied = change.applied
            self.tables.tables, self.tables.kept = change.tables, change.archives
            self.log += change.entries
            self.history.keep(change.entries)
            self.hooks += change.ran
            self.grants |= change.granted
        finally:
            self._lock.release()


class MemoryContents:
    """A `ContentStore` that copies nothing but definitions: an approved module is the one in its folder."""

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {}
        """Set a hash by code to make the content look changed."""

        self.kept: dict[tuple[str, str], ModuleDefinition] = {}

    def fingerprint(self, module: Module) -> str:
        """The hash that was set, or one of the module's version."""
        return self.hashes.get(module.code) or hashlib.sha256(module.definition.version.encode()).hexdigest()[:8]

    def approve(self, module: Module) -> str:
        """Remember the present hash as approved, and return it."""
        content = self.fingerprint(module)
        self.kept[module.code, content] = module.definition
        return content

    def approved(self, module: Module, content_hash: str) -> Source:
        """The module's source; raise `NoSuchModule` for content that was never approved."""
        if (module.code, content_hash) not in self.kept:
            raise NoSuchModule(module=module.code)
        return module.source

    def find(self, code: str, content_hash: str) -> Source | None:
        """Where it would stand; nothing for content that was never approved, or is gone."""
        known = (code, content_hash) in self.kept
        return Source(code, Path(code), f"klods.modules.{code}") if known else None

    def forget(self, code: str, keep: Collection[str]) -> None:
        """Forget the content of a module but what is to be kept."""
        self.kept = {key: it for key, it in self.kept.items() if key[0] != code or key[1] in keep}

    def definitions(self, states: States) -> dict[str, ModuleDefinition]:
        """The definitions of installed modules as they were when their content was approved."""
        rows = (row for row in states.installations.values() if row.state is Installed.INSTALLED)
        keys = ((row.code, row.content_hash) for row in rows)
        return {key[0]: self.kept[key] for key in keys if key in self.kept}


@dataclass
class MemoryProbe:
    """A `Probe` that only notes what it is asked; codes in `failing` raise `PartFailed` with that reason."""

    failing: dict[str, str] = field(default_factory=dict)
    tried: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def try_parts(self, source: Source, needed: Sequence[Source]) -> None:
        """Note the module and those it needs."""
        self.tried.append((source.code, tuple(other.code for other in needed)))
        if reason := self.failing.get(source.code):
            raise PartFailed(module=source.code, part="backend", reason=reason, where="backend/router.py:1")


@dataclass
class MemoryProcesses:
    """`Processes` of which those named in `late` never follow; `meanwhile` is called during each wait."""

    late: tuple[str, ...] = ()
    followed: tuple[str, ...] = ("web-1",)
    waited: list[int] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def wait(self, generation: int, seconds: float) -> Acknowledgement:
        """Note the generation and name the late ones."""
        del seconds
        self.waited.append(generation)
        self.meanwhile()
        return Acknowledgement(generation, self.followed, self.late, 0.1)


class MemoryHub:
    """A `Lifecycle` over twins: change `catalog` and the twins, look at the states."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        revisions: Mapping[str, Sequence[str]] | None = None,
        environment: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.catalog = catalog
        self.migrator = MemoryMigrator(revisions)
        self.store = MemoryStates(migrator=self.migrator)
        self.contents = MemoryContents()
        self.probe = MemoryProbe()
        self.processes = MemoryProcesses()
        self.lifecycle = Lifecycle(
            discover=lambda: self.catalog,
            wishes=self._wishes,
            states=self.store,
            migrator=self.migrator,
            contents=self.contents,
            probe=self.probe,
            tables=self.store.tables,
            log=self.store.history,
            processes=self.processes,
            in_force=self.contents.definitions,
            load=lambda modules, _needed: nullcontext({module.code: module for module in modules}),
            environment=environment or {},
        )

    def _wishes(self) -> Iterator[tuple[str, bool]]:
        wishes = ((code, definition.wish) for code, definition in self.catalog.definitions.items())
        return ((code, wish) for code, wish in wishes if wish is not None)

    @property
    def states(self) -> States:
        """What is stored now."""
        return self.store.states


class ReaderHere:
    """A `DefinitionReader` that runs definition.py in this very process, and forgets it again."""

    def __init__(self) -> None:
        self._importer = ModuleImporter()

    def settings(self, source: Source, needed: Sequence[Source] = ()) -> Mapping[str, Any]:  # noqa: ARG002
        """What its schema says; the file is run for it."""
        schema = self.read(source).config_schema if PARTS["definition"].exists(source.folder) else None
        return schema_of(schema) if schema else {}

    def read(self, source: Source) -> ModuleDefinition:
        """Run the file and return what it defines; raise `PartFailed` when it cannot be run or defines nothing."""
        self._importer.mount(source)
        try:
            namespace = load_part(source, "definition")
            spoken = spoken_definition(source, namespace) if isinstance(namespace, ModuleType) else None
        finally:
            self._importer.unmount(source.package)
        if spoken is None:
            reason = "definition.py holds no ModuleDefinition"
            raise PartFailed(module=source.code, part="definition", reason=reason, where="definition.py:1")
        return spoken

    def __enter__(self) -> Self:
        self._importer.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._importer.remove()
