"""The scope: for whom something is done, and the units it is done in."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from psycopg.errors import InsufficientPrivilege

from klods.db.database import Database
from klods.db.ongoing import Ongoing
from klods.db.units.unit import Opening, Unit
from klods.errors import HeldMeanwhile, NoScope, ReadOnlyModule
from klods.kernel.catalog import Module
from klods.kernel.changes import MOST_ROWS, Changes, Outgoing
from klods.kernel.configured import ConfigurationOf
from klods.kernel.subject import Subject
from klods.kernel.switches import LIVE, Mode, Switches, later_mode

T = TypeVar("T")

_bound: ContextVar["Scope"] = ContextVar("klods.scope")


class ScopeKind(StrEnum):
    """How a scope uses units: a request is one, a job or a command is many, one after the other."""

    REQUEST = "request"
    JOB = "job"
    COMMAND = "command"


def _everywhere(code: str, platform_id: int) -> bool:  # noqa: ARG001
    return True


def _live(code: str, platform_id: int) -> Switches:  # noqa: ARG001
    return LIVE


@dataclass(slots=True, eq=False)
class Course:
    """How far a scope has come: its unit, and whether another one may begin; shared by all modules it passes through."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    unit: Unit | None = None
    in_block: bool = False
    ending: bool = False
    ended: bool = False
    refused: tuple[Outgoing, ...] = ()
    """Requests to other servers that were not sent, because the scope is dry."""

    undone: frozenset[str] = frozenset()
    """Modules whose work was undone at the end of a call, because they are dry and their caller is not."""

    contents: dict[str, bytes] = field(default_factory=dict)
    """What a dry scope wrote into files, by SHA-256: it goes nowhere else."""


@dataclass(slots=True, eq=False)
class Scope:
    """One request, job or command of one module: one platform, subject and locale; ended once."""

    database: Database
    module: str
    platform_id: int = 1
    _: KW_ONLY
    subject: Subject | None = None
    locale: str = "en"
    request_id: str = ""
    kind: ScopeKind = ScopeKind.REQUEST
    catalog: Mapping[str, Module] = field(default_factory=dict, repr=False)
    read_only: bool = False
    dry: bool = False
    """Whether everything is undone at the end, after it was tried whether it could be kept."""

    judged: bool = False
    """Whether the module's safety switches have decided about ``read_only`` and ``dry``."""

    statement_seconds: float = 30
    host_thread: int | None = None
    """The identity of the thread that runs the host's event loop and must never wait for the database."""

    is_enabled: Callable[[str, int], bool] = field(default=_everywhere, repr=False)
    """Whether a module may be called on a platform."""

    switches: Callable[[str, int], Switches] = field(default=_live, repr=False)
    """The safety switches of a module that is called, on a platform."""

    configuration: ConfigurationOf | None = field(default=None, repr=False)
    """What modules are configured with; without it only their defaults and the environment are known."""

    asked: bool | None = None
    """What the request said about being dry; it holds for what comes later too."""

    held_by: str = ""
    """The module whose READ_ONLY keeps this scope from writing; empty for its own."""

    least: Mode | None = None
    """What holds at least for scopes that come out of this one; without it, how this one runs."""

    ongoing: Ongoing | None = field(default=None, repr=False)
    """Where live units are known, so that a module can be held while they run."""

    noted: Callable[[Changes], None] | None = field(default=None, repr=False)
    """Told what a dry scope that comes out of this one would have changed; blocks."""

    called: bool = False
    """Whether another module called this one, in whose unit it works then."""

    course: Course = field(default_factory=Course, repr=False)

    @property
    def unit(self) -> Unit:
        """The present unit, made when first asked for; raise `NoScope` when the scope has ended."""
        with self.course.lock:
            if self.course.ended:
                raise NoScope
            if self.course.unit is None:
                if self.course.ending:
                    raise NoScope
                self.course.unit = self._new_unit()
            return self.course.unit

    @property
    def mode(self) -> Mode:
        """How it runs."""
        return Mode.DRY if self.dry else Mode.READ_ONLY if self.read_only else Mode.LIVE

    @property
    def opening(self) -> Opening:
        """How its units begin."""
        return _opening(
            self.module,
            self.platform_id,
            statement_seconds=self.statement_seconds,
            read_only=self.read_only,
            dry=self.dry,
        )

    @property
    def started(self) -> bool:
        """Whether the present unit holds a connection."""
        return self.course.unit is not None and self.course.unit.started

    @property
    def ended(self) -> bool:
        """Whether its last unit has ended, and no other will begin."""
        return self.course.ended

    @property
    def changes(self) -> Changes | None:
        """What a dry scope would have changed, once it has ended; None when nothing is known.

        What was not sent counts also when the scope ended badly: a live one would have sent it.
        """
        found = self.course.unit.changes if self.course.unit is not None else None
        if not self.course.refused:
            return found
        found = found or Changes()
        return replace(found, outgoing=(*self.course.refused, *found.outgoing))

    @property
    def undone(self) -> frozenset[str]:
        """The modules that were called by a live one and are not live themselves, so that nothing of theirs was kept."""
        return self.course.undone

    @property
    def ends_at_once(self) -> bool:
        """Whether its end never waits: nothing is to be kept or undone, and nothing is to be told."""
        return not self.started and not self.course.refused

    def refuse(self, request: Outgoing) -> None:
        """Note a request to another server that is not sent."""
        if len(self.course.refused) < MOST_ROWS:
            self.course.refused += (request,)

    def end(self, *, keep: bool) -> None:
        """End the present unit with a commit or a rollback, and the scope with it; a second call does nothing.

        Keeping raises `SwallowedFailure`, `CommitFailed`, or `EndedUnit` after a cancel: then nothing was kept.
        """
        with self.course.lock:
            if self.course.ending:
                return
            self.course.ending = True
            unit = self.course.unit
        try:
            if unit is not None and keep:
                unit.commit()
            elif unit is not None:
                unit.rollback()
        finally:
            self.course.ended = True

    def cancel(self) -> None:
        """End the scope from another thread: its running statement is stopped and nothing is kept."""
        with self.course.lock:
            self.course.ending = self.course.ended = True
        if self.course.unit is not None:
            self.course.unit.cancel()

    def fresh(self) -> "Scope":
        """A scope for the same module, platform, subject and locale, whose units are its own.

        It runs as the switches say by now, and keeps no more than this one may.
        """
        kind = ScopeKind.JOB if self.kind is ScopeKind.REQUEST else self.kind
        switches = self.switches(self.module, self.platform_id)
        mode = later_mode(self.module, switches, least=self.least or self.mode, asked=self.asked)
        dry, read_only = mode is Mode.DRY, mode is Mode.READ_ONLY
        return replace(self, kind=kind, called=False, dry=dry, read_only=read_only, held_by="", course=Course())

    @contextmanager
    def calling(self, module: str) -> Iterator["Scope"]:
        """The same scope for another module that is called: it works in the present unit, in a role of its own.

        What a dry module does is undone when the call is over; a read-only one cannot write, and raises `ReadOnlyModule`.
        """
        switches = self._switches_for(module)
        dry = self.dry or switches.dry_run
        held = switches.read_only and not dry and not self.read_only
        read_only = self.read_only or held
        held_by = module if held else self.held_by or self.module
        called = replace(self, module=module, called=True, dry=dry, read_only=read_only, held_by=held_by, least=None)
        # A transaction cannot be read-only for a while: the role that reads is what keeps this module from writing.
        opening = replace(self.database.in_role(called.opening), read_only=self.read_only)
        if held and not opening.role:
            raise ReadOnlyModule(module=module)
        undo = dry and not self.dry
        if undo:
            self.course.undone |= {module}
        try:
            with self.unit.calling(opening, undo=undo):
                yield called
        except InsufficientPrivilege as error:
            if held:
                raise ReadOnlyModule(module=module) from error
            raise

    @contextmanager
    def block(self) -> Iterator[Unit]:
        """One more unit in a job or command, after keeping what was done before; a savepoint anywhere else.

        A dry scope has one transaction only, so that what comes later sees what came before.
        """
        if self.called or self.dry or self.kind is ScopeKind.REQUEST or self.course.in_block:
            with self.unit.savepoint():
                yield self.unit
            return
        self.course.in_block = True
        try:
            with self._next_unit() as unit:
                yield unit
        finally:
            self.course.in_block = False
            self.course.unit = None

    def _next_unit(self) -> Unit:
        """Keep what was done outside a block, and begin anew."""
        before, self.course.unit = self.unit, None
        before.commit()
        return self.unit

    def _switches_for(self, module: str) -> Switches:
        """Those of a module that is about to work in the present unit, which is noted before, and forgotten if it must not keep."""
        ongoing = self.ongoing if self.mode is Mode.LIVE else None
        new = ongoing.note(self.unit, module, self.platform_id) if ongoing else False
        switches = self.switches(module, self.platform_id)
        if ongoing and new and not switches.live:
            ongoing.take_back(self.unit, module, self.platform_id)
        return switches

    def _new_unit(self) -> Unit:
        unit = self.database.unit(self.opening)
        unit.host_thread = self.host_thread
        if self.ongoing is not None and self.mode is Mode.LIVE:
            self._note(unit, self.ongoing)
        return unit

    def _note(self, unit: Unit, ongoing: Ongoing) -> None:
        """Let a live unit be known from its beginning; raise `HeldMeanwhile` when the module is live no longer."""
        unit.on_end = ongoing.end
        ongoing.note(unit, self.module, self.platform_id)
        if not self.switches(self.module, self.platform_id).live:
            unit.rollback()
            raise HeldMeanwhile(module=self.module)


@lru_cache(maxsize=4096)
def _opening(module: str, platform_id: int, *, statement_seconds: float, read_only: bool, dry: bool) -> Opening:
    """The same for every request of a module on a platform, so that its SQL is spelled once."""
    return Opening(module, platform_id, statement_seconds=statement_seconds, read_only=read_only, dry=dry)


def open_scope() -> Scope:
    """The scope that this code runs for; raise `NoScope` when there is none, or it has ended."""
    scope = current_scope()
    if scope.ended:
        raise NoScope
    return scope


def current_scope() -> Scope:
    """The scope that this code runs for, ended or not; raise `NoScope` when there is none."""
    try:
        return _bound.get()
    except LookupError:
        raise NoScope from None


class enter:  # noqa: N801 - it is used as a function; every request enters its scope, and a generator costs it a microsecond
    """Make the scope the current one inside the with statement; it is not ended here."""

    __slots__ = ("_scope", "_token")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __enter__(self) -> Scope:
        self._token = _bound.set(self._scope)
        return self._scope

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError):  # a generator may be closed in another context than it was started in
            _bound.reset(self._token)


def run_in(scope: Scope, call: Callable[[], T]) -> T:
    """Call something in a scope, which is kept when that returns, and undone when it raises."""
    keep = False
    try:
        with enter(scope):
            found = call()
        keep = True
    finally:
        scope.end(keep=keep)
    return found


@contextmanager
def scope() -> Iterator[Scope]:
    """A scope of its own for what runs after the response has started; it commits when left without an error.

    It takes module, platform, subject and locale from the scope that this code runs for, and its transactions are
    its own: inside a request that is still open they are kept even when the request is rolled back.
    """
    with enter(current_scope().fresh()) as fresh:
        keep = False
        try:
            yield fresh
            keep = True
        finally:
            fresh.end(keep=keep)
            if fresh.dry and fresh.changes and fresh.noted is not None:
                fresh.noted(fresh.changes)


@contextmanager
def unit() -> Iterator[Unit]:
    """One transaction in a job or a command: kept when left without an error, whatever happens afterwards.

    In a request, which is one unit already, and inside another ``with unit():`` it is a savepoint.
    """
    with current_scope().block() as inner:
        yield inner
