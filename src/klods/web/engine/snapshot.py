"""What this process serves at one moment: an immutable view, swapped as a whole."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from klods.kernel.catalog import Module
from klods.kernel.configured import Configurations
from klods.kernel.definition import ModuleDefinition
from klods.kernel.personal_data import Answer, Errand
from klods.kernel.platforms import DEFAULT, Platforms
from klods.kernel.problems import Problem
from klods.kernel.switches import Switches
from klods.web.engine.offers import Offer

_SAFE = Switches()


class Standing(StrEnum):
    """How far a module is in this process."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Loaded(Protocol):
    """A module that can answer requests."""

    definition: ModuleDefinition
    """With the callables that only running code can give."""

    @property
    def edge(self) -> ASGIApp:
        """Where requests go in."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What the module answers to, for whoever describes it."""

    @property
    def offers(self) -> Sequence[Offer]:
        """What it offers to pages of others."""

    async def ask(self, errand: Errand, seconds: float) -> Answer:
        """What it says about a person within a time; raises whatever its code raises."""

    async def stop(self, seconds: float) -> None:
        """End what lives as long as the module does."""


class Entry:
    """One content of one module in this process; its counts change on the host's event loop only."""

    __slots__ = (
        "_emptied", "_lock", "app", "code", "content_hash", "in_flight", "incident", "module", "open_ended", "problem", "settled"
    )  # fmt: skip

    def __init__(self, module: Module, content_hash: str = "") -> None:
        self.module = module
        self.code = module.code
        self.content_hash = content_hash
        self.app: Loaded | None = None
        self.problem: Problem | None = None
        self.incident = ""
        self.settled: Future[None] = Future()
        """Done once the module is ready or has failed."""
        self.in_flight: Counter[int] = Counter()
        """Requests inside the module now, by platform."""
        self.open_ended: set[tuple[int, Callable[[], None]]] = set()
        """Sockets and event streams, which would never end by themselves: their platform and how to end them."""
        self._lock = threading.Lock()
        self._emptied: list[Callable[[], None]] = []

    @property
    def state(self) -> Standing:
        """Loading until it is settled."""
        if self.app is not None:
            return Standing.READY
        return Standing.FAILED if self.problem is not None else Standing.LOADING

    def succeed(self, app: Loaded) -> bool:
        """The module is ready; whoever waits goes on. False when it had been settled already."""
        with self._lock:
            if self.settled.done():
                return False
            self.app = app
            self.settled.set_result(None)
            return True

    def fail(self, problem: Problem, incident: str = "") -> bool:
        """The module cannot be loaded, and why; the log has more under the incident. False when it was settled."""
        with self._lock:
            if self.settled.done():
                return False
            self.problem, self.incident = problem, incident
            self.settled.set_result(None)
            return True

    def leave(self, platform: int) -> None:
        """A request has left the module."""
        self.in_flight[platform] -= 1
        self._wake()

    def add_open_ended(self, platform: int, end: Callable[[], None]) -> None:
        """A request has become a socket or an event stream; whoever waits for the module to be empty must end it."""
        self.open_ended.add((platform, end))
        self._wake()

    async def emptied(self, closed: Callable[[int], bool]) -> None:
        """Wait until no request of the ``closed`` platforms is inside; sockets and event streams are ended."""
        wake = asyncio.Event()
        self._emptied.append(wake.set)
        try:
            while any(count > 0 and closed(platform) for platform, count in self.in_flight.items()):
                wake.clear()
                for platform, end in tuple(self.open_ended):
                    if closed(platform):
                        end()
                await wake.wait()
        finally:
            self._emptied.remove(wake.set)

    def _wake(self) -> None:
        for wake in self._emptied:
            wake()


@dataclass(frozen=True)
class Snapshot:
    """Which modules there are and where they are enabled, at one generation."""

    generation: int = 0
    entries: Mapping[str, Entry] = field(default_factory=dict)
    enabled: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """The codes whose gate is open, by platform."""

    switches: Mapping[tuple[str, int], Switches] = field(default_factory=dict)
    """The safety switches by module and platform; both are on where nothing is known."""

    platforms: Platforms = field(default_factory=lambda: Platforms((DEFAULT,)))
    configurations: Configurations = field(default_factory=Configurations)

    def switches_of(self, code: str, platform: int) -> Switches:
        """What keeps the module from changing anything of the platform."""
        return self.switches.get((code, platform), _SAFE)

    def is_held(self, code: str, platform: int) -> bool:
        """Whether nothing may be kept of what the module does."""
        return not self.switches_of(code, platform).live

    def is_open(self, code: str, platform: int) -> bool:
        """Whether requests of the platform reach the module."""
        return code in self.enabled.get(platform, ())

    @property
    def wanted(self) -> frozenset[str]:
        """The codes enabled anywhere, which therefore should be loaded."""
        return frozenset().union(*self.enabled.values())

    @cached_property
    def modules(self) -> Mapping[str, Module]:
        """The modules by code, made once: every request hands them to its scope."""
        return {code: entry.module for code, entry in self.entries.items()}

    def successor(
        self,
        generation: int,
        modules: Iterable[tuple[Module, str]],
        enabled: Mapping[int, frozenset[str]],
        switches: Mapping[tuple[str, int], Switches] | None = None,
        *,
        platforms: Platforms | None = None,
        configurations: Configurations | None = None,
    ) -> "Snapshot":
        """The next snapshot: an entry is kept while its content stays what it is; what failed is tried anew."""
        entries = {module.code: self._entry(module, content_hash) for module, content_hash in modules}
        known = configurations or self.configurations
        return Snapshot(generation, entries, enabled, switches or {}, platforms or self.platforms, known)

    def _entry(self, module: Module, content_hash: str) -> Entry:
        old = self.entries.get(module.code)
        same = old is not None and old.content_hash == content_hash and old.module.source == module.source
        if old is not None and same and old.state is not Standing.FAILED:
            return old
        return Entry(module, content_hash)


class Switchboard:
    """Holds the current snapshot; whoever serves a request reads it once."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.current = snapshot or Snapshot()
        self._leaving: set[Entry] = set()

    def swap(self, snapshot: Snapshot) -> tuple[Entry, ...]:
        """Put a snapshot in force, from any thread; returns the entries that are no longer part of it."""
        old, self.current = self.current, snapshot
        gone = tuple(entry for code, entry in old.entries.items() if snapshot.entries.get(code) is not entry)
        self._leaving = {entry for entry in self._leaving if entry.in_flight.total()}.union(gone)
        return gone

    async def drain(self, codes: Iterable[str], seconds: float) -> bool:
        """Wait until no request is inside the codes where they are closed now; False when time ran out.

        Call it on the host's event loop, after `swap`.
        """
        wanted = frozenset(codes)
        leaving = {entry for entry in self._leaving if entry.code in wanted}
        staying = [entry for code, entry in self.current.entries.items() if code in wanted]
        waits = [entry.emptied(_everywhere) for entry in leaving]
        waits += [entry.emptied(self._closed_for(entry)) for entry in staying]
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*waits)
        except TimeoutError:
            return False
        self._leaving -= leaving
        return True

    async def emptied(self) -> None:
        """Wait until no request is inside any module; sockets and event streams are ended."""
        await asyncio.gather(
            *(entry.emptied(_everywhere) for entry in {*self.current.entries.values(), *self._leaving})
        )

    def _closed_for(self, entry: Entry) -> Callable[[int], bool]:
        return lambda platform: not self.current.is_open(entry.code, platform)


def _everywhere(platform: int) -> bool:  # noqa: ARG001
    return True
