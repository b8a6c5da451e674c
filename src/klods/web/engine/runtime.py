"""Brings what this process serves in step with the stored states: mount, swap, drain, load."""

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from klods.db.ongoing import Ongoing
from klods.kernel.catalog import Module
from klods.kernel.config import Environment
from klods.kernel.configured import Configurations
from klods.kernel.importer import ModuleImporter
from klods.kernel.platforms import Platforms
from klods.kernel.ports import Cipher, StateStore
from klods.kernel.state import States
from klods.kernel.switches import Switches, effective
from klods.web.engine.loading import Loader
from klods.web.engine.module_app import LIFETIME_SECONDS
from klods.web.engine.snapshot import Entry, Switchboard

log = logging.getLogger(__name__)

ModulesOf = Callable[[States], Iterable[tuple[Module, str]]]


@dataclass
class Runtime:
    """What one process serves; `act` is called on the follower's thread for every new generation."""

    states: StateStore
    modules_of: ModulesOf
    importer: ModuleImporter
    switchboard: Switchboard
    loader: Loader
    platforms: Callable[[], Platforms | None] = lambda: None
    """What is stored about platforms; None leaves what is known of them."""

    drain_seconds: float = 5.0
    changed: Callable[[], None] = lambda: None
    """Called after every swap, for whoever remembers something about the states before."""

    ongoing: Ongoing = field(default_factory=Ongoing)
    """The live units of this process."""

    environment: Environment = field(default_factory=dict)
    """Values of ``MODULES__<CODE>__<KEY>``."""

    cipher: Cipher | None = None
    """What secrets in stored configurations are encrypted with."""

    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin loading; requests are drained on the loop they are served on."""
        self._loop = loop
        self.loader.start(loop)

    def stop(self) -> None:
        """Load nothing more and leave the modules' lifespans, all at the same time."""
        self.loader.stop()
        for leaving in self._unload(self.switchboard.current.entries.values(), self.drain_seconds):
            leaving.join()

    def act(self, generation: int) -> None:
        """Serve by the states in force now.

        Returns when no request is left inside what was closed, and none that keeps what it did for what is held.
        """
        states = self.states.read()
        before = self.switchboard.current
        modules = tuple(self.modules_of(states))
        for module, _ in modules:
            self.importer.mount(module.source)
        switches, platforms = self._switches(states, modules), self.platforms()
        known = {module.code: module for module, _ in modules}
        configurations = Configurations(known, states.configs, self.environment, self.cipher)
        snapshot = before.successor(
            generation, modules, _enabled(states), switches, platforms=platforms, configurations=configurations
        )
        gone = self.switchboard.swap(snapshot)
        self.changed()
        self.loader.load(snapshot)
        self._drain({*before.wanted, *(entry.code for entry in gone)})
        if stopped := self.ongoing.settle(snapshot.is_held, self.drain_seconds):
            log.warning("%d units of modules on hold did not end in time, and were stopped", stopped)
        self._unload(gone)

    def _switches(self, states: States, modules: Iterable[tuple[Module, str]]) -> dict[tuple[str, int], Switches]:
        """Those of modules that were switched off just now too: what runs in them still goes by the same ones."""
        definitions = {module.code: module.definition for module, _ in modules}
        return {
            (code, platform): effective(definitions[code], states.stored_switches(code, platform), self.environment)
            for code, platform in states.activations
            if code in definitions
        }

    def _drain(self, codes: Collection[str]) -> None:
        if self._loop is None or not codes:
            return
        waiting = self.switchboard.drain(codes, self.drain_seconds)
        asyncio.run_coroutine_threadsafe(waiting, self._loop).result()

    def _unload(self, entries: Iterable[Entry], seconds: float = LIFETIME_SECONDS) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.loader.unload, args=(entry, seconds), daemon=True) for entry in entries]
        for thread in threads:
            thread.start()
        return threads


def _enabled(states: States) -> dict[int, frozenset[str]]:
    platforms = {platform for _, platform in states.activations}
    return {platform: states.enabled(platform) for platform in platforms}
