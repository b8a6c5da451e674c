"""What the kernel needs from the world, as small protocols; the twins in `klods.testing.memory` keep them too."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.grants import Grant
from klods.kernel.history import Acknowledgement
from klods.kernel.holdings import Archive, Holder, Table
from klods.kernel.state import Activation, Installation, States, StoredSwitches


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the append-only log: who did what to which module, and how it ended."""

    actor: str
    action: str
    code: str
    platform_id: int
    outcome: str
    plan: dict[str, Any] = field(default_factory=dict)
    before: str = ""
    after: str = ""
    why: str = ""
    undoes: int | None = None
    """The entry whose effect this one took back."""


class Change(Protocol):
    """One open transaction over states, migrations and hooks: all of it is kept, or nothing."""

    @property
    def generation(self) -> int:
        """The generation that this change makes when it commits."""

    def states(self) -> States:
        """The states as this transaction sees them, with the life-cycle lock held."""

    def prepare(self, module: Module, grants: Sequence[Grant]) -> None:
        """Make everything ready in which the module will work, and give it what it may do with tables of others."""

    def grant(self, code: str, grants: Sequence[Grant]) -> None:
        """Let a module have exactly these rights on tables of others; raise `GrantFailed` for what is not there."""

    def migrate(self, module: Module) -> tuple[str, ...]:
        """Run the module's pending migrations; raise `MigrationFailed` or `OutsidePrefix`."""

    def run(self, module: Module, platform_id: int, hook: Callable[[], object], needed: Mapping[str, Module]) -> None:
        """Run a hook of the module in a scope joined to this transaction; an error undoes what it wrote, and is raised.

        It may call the modules it needs.
        """

    def set_aside(self, holder: Holder) -> int:
        """Put everything a module holds into an archive, and return its number; raise `NotSetAside` or `InUse`."""

    def bring_back(self, code: str, archive: int) -> tuple[str, ...]:
        """Put the content of an archive back; return what no longer holds of it, for people.

        Raises `NoSuchArchive`, `NotRestored` or `InUse`.
        """

    def discard(self, code: str, archive: int) -> None:
        """Delete an archive for good; raise `NoSuchArchive`."""

    def forget_config(self, code: str) -> None:
        """Delete what was said about the settings of a module, on every platform."""

    def forget(self, code: str) -> None:
        """Delete every row of the states about a module."""

    def save(self, row: Installation | Activation | StoredSwitches) -> None:
        """Store a row of the states."""

    def log(self, entry: LogEntry) -> None:
        """Append a line to the log."""


class StateStore(Protocol):
    """Where states are kept."""

    def read(self) -> States:
        """The states of all modules at one moment."""

    def alone(self, *, patient: bool = True) -> AbstractContextManager[None]:
        """Held over a whole action, however many changes it makes, by one process at a time.

        The end of the process lets go of it. Raises `AlreadyRunning` when another one holds it: at once, or when
        `patient` after waiting for a while.
        """

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Note beside what a change logged who had followed it when it was answered; once for each generation."""

    def change(self) -> AbstractContextManager[Change]:
        """A transaction under the life-cycle lock.

        Leaving it without an error commits, raises the generation by one and tells every process;
        an error undoes everything. Raises `AlreadyRunning` when another one holds the lock too long.
        """


class Migrator(Protocol):
    """What is known about migrations without running any."""

    def pending(self, module: Module) -> tuple[str, ...]:
        """The revisions that would run, oldest first."""

    def all_pending(self, modules: Iterable[Module]) -> Mapping[str, tuple[str, ...]]:
        """The same for many modules at once, by code."""


class Tables(Protocol):
    """What is known about what modules hold in the database, without changing any of it."""

    def held(self, holder: Holder) -> tuple[Table, ...] | None:
        """The tables of a module and its files, counted; None when it has nothing at all in the database."""

    def referrers(self, holders: Iterable[Holder]) -> tuple[str, ...]:
        """What depends on what these modules hold and belongs to none of them, for people."""

    def shared(self, holder: Holder) -> tuple[str, ...]:
        """The tables of a module without a column `platform_id`, whose rows all platforms would see."""

    def archives(self, code: str = "") -> tuple[Archive, ...]:
        """The archives of one module, or of all; the newest first."""


class DefinitionReader(Protocol):
    """Learns what a `definition.py` says without running it in this process."""

    def read(self, source: Source) -> ModuleDefinition:
        """The definition as plain data: callables are not carried over, only that they exist is known.

        Raises `PartFailed` with the file and line when the file cannot be run.
        """

    def settings(self, source: Source, needed: Sequence[Source] = ()) -> Mapping[str, Any]:
        """The JSON schema of the module's ``config_schema``; empty when it has none. Raises `PartFailed`."""


class ContentStore(Protocol):
    """The approved copies of modules, by content hash."""

    def fingerprint(self, module: Module) -> str:
        """The hash of what stands in the module's folder now."""

    def approve(self, module: Module) -> str:
        """Copy the module's content beside the data, if it is not there, and return its hash."""

    def approved(self, module: Module, content_hash: str) -> Source:
        """Where the approved copy stands; raise `NoSuchModule` when it is gone."""

    def find(self, code: str, content_hash: str) -> Source | None:
        """The approved copy with that hash, known by nothing but its names; None when there is none."""

    def forget(self, code: str, keep: Collection[str]) -> None:
        """Delete the approved copies of a module but those with these hashes."""


class Blobs(Protocol):
    """Contents of files, by their SHA-256: each is whole or not there."""

    most_bytes: int
    """How large one may be."""

    def put(self, content: bytes) -> str:
        """Keep a content so that a crash does not lose it; return its SHA-256."""

    def get(self, sha256: str) -> bytes:
        """The content; raise `FileNotFoundError` when it is not there."""


class Probe(Protocol):
    """Tries whether modules can be loaded, where a crash or an endless loop hurts nobody."""

    def try_parts(self, source: Source, needed: Sequence[Source]) -> None:
        """Load every part of a module beside those it needs; raise `PartFailed` with file and line."""


class Cipher(Protocol):
    """Encrypts secrets, each for one place: in another place its ciphertext is worth nothing."""

    def seal(self, place: str, text: str) -> str:
        """The text, encrypted with the first key."""

    def open(self, place: str, sealed: str) -> str:
        """The text again; raise `UnreadableSecret`."""

    def is_current(self, sealed: str) -> bool:
        """Whether it was encrypted with the first key."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether a module would take a configuration."""

    module: Module
    needed: tuple[Source, ...]
    environment: Mapping[str, str]
    given: Mapping[str, Any] = field(repr=False)
    """What would be stored, secrets in clear."""


class ConfigProbe(Protocol):
    """Asks the code of modules about their configuration, where a crash or an endless loop hurts nobody."""

    def settings(self, source: Source, needed: Sequence[Source] = ()) -> Mapping[str, Any]:
        """As a `DefinitionReader` gives it."""

    def normal(self, question: Question) -> Mapping[str, Any]:
        """What was given as the schema spells it, without secrets; raise `InvalidConfig` or `PartFailed`."""


class Processes(Protocol):
    """The web and worker processes that follow the states."""

    def wait(self, generation: int, seconds: float) -> Acknowledgement:
        """Wait until every live process acknowledged the generation, and say who did, who is late and how long it took."""
