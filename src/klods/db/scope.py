"""The scope: for whom something is done, and the units it is done in."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from klods.db.database import Database
from klods.db.units.unit import Opening, Unit
from klods.errors import NoScope
from klods.kernel.catalog import Module
from klods.kernel.changes import Changes
from klods.kernel.subject import Subject

_bound: ContextVar["Scope"] = ContextVar("klods.scope")


class ScopeKind(StrEnum):
    """How a scope uses units: a request is one, a job or a command is many, one after the other."""

    REQUEST = "request"
    JOB = "job"
    COMMAND = "command"


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

    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _unit: Unit | None = field(default=None, init=False, repr=False)
    _in_block: bool = field(default=False, init=False, repr=False)
    _ending: bool = field(default=False, init=False, repr=False)
    _ended: bool = field(default=False, init=False, repr=False)

    @property
    def unit(self) -> Unit:
        """The present unit, made when first asked for; raise `NoScope` when the scope has ended."""
        with self._lock:
            if self._ended:
                raise NoScope
            if self._unit is None:
                if self._ending:
                    raise NoScope
                self._unit = self._new_unit()
            return self._unit

    @property
    def started(self) -> bool:
        """Whether the present unit holds a connection; if not, ending the scope never waits."""
        return self._unit is not None and self._unit.started

    @property
    def ended(self) -> bool:
        """Whether its last unit has ended, and no other will begin."""
        return self._ended

    @property
    def changes(self) -> Changes | None:
        """What a dry scope would have changed, once it has ended well; None when nothing is known."""
        return self._unit.changes if self._unit is not None else None

    def end(self, *, keep: bool) -> None:
        """End the present unit with a commit or a rollback, and the scope with it; a second call does nothing.

        Keeping raises `SwallowedFailure`, `CommitFailed`, or `EndedUnit` after a cancel: then nothing was kept.
        """
        with self._lock:
            if self._ending:
                return
            self._ending = True
            unit = self._unit
        try:
            if unit is not None and keep:
                unit.commit()
            elif unit is not None:
                unit.rollback()
        finally:
            self._ended = True

    def cancel(self) -> None:
        """End the scope from another thread: its running statement is stopped and nothing is kept."""
        with self._lock:
            self._ending = self._ended = True
        if self._unit is not None:
            self._unit.cancel()

    def fresh(self) -> "Scope":
        """A scope for the same module, platform, subject and locale, whose units are its own."""
        kind = ScopeKind.JOB if self.kind is ScopeKind.REQUEST else self.kind
        return replace(self, kind=kind)

    @contextmanager
    def block(self) -> Iterator[Unit]:
        """One more unit in a job or command, after keeping what was done before; a savepoint anywhere else.

        A dry scope has one transaction only, so that what comes later sees what came before.
        """
        if self.dry or self.kind is ScopeKind.REQUEST or self._in_block:
            with self.unit.savepoint():
                yield self.unit
            return
        self._in_block = True
        try:
            with self._next_unit() as unit:
                yield unit
        finally:
            self._in_block = False
            self._unit = None

    def _next_unit(self) -> Unit:
        """Keep what was done outside a block, and begin anew."""
        before, self._unit = self.unit, None
        before.commit()
        return self.unit

    def _new_unit(self) -> Unit:
        opening = _opening(
            self.module,
            self.platform_id,
            statement_seconds=self.statement_seconds,
            read_only=self.read_only,
            dry=self.dry,
        )
        unit = self.database.unit(opening)
        unit.host_thread = self.host_thread
        return unit


@lru_cache(maxsize=4096)
def _opening(module: str, platform_id: int, *, statement_seconds: float, read_only: bool, dry: bool) -> Opening:
    """The same for every request of a module on a platform, so that its SQL is spelled once."""
    return Opening(module, platform_id, statement_seconds=statement_seconds, read_only=read_only, dry=dry)


def current_scope() -> Scope:
    """The scope that this code runs for, ended or not; raise `NoScope` when there is none."""
    try:
        return _bound.get()
    except LookupError:
        raise NoScope from None


@contextmanager
def enter(scope: Scope) -> Iterator[Scope]:
    """Make the scope the current one inside the with statement; it is not ended here."""
    token = _bound.set(scope)
    try:
        yield scope
    finally:
        with suppress(ValueError):  # a generator may be closed in another context than it was started in
            _bound.reset(token)


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


@contextmanager
def unit() -> Iterator[Unit]:
    """One transaction in a job or a command: kept when left without an error, whatever happens afterwards.

    In a request, which is one unit already, and inside another ``with unit():`` it is a savepoint.
    """
    with current_scope().block() as inner:
        yield inner
