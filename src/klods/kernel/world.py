"""What a life-cycle action touches outside of itself, in one place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from klods.kernel.catalog import Catalog, Module
from klods.kernel.graph import Definitions, closure, order
from klods.kernel.history import Log
from klods.kernel.importer import aside
from klods.kernel.parts import load_definition
from klods.kernel.ports import Cipher, ContentStore, Migrator, Probe, Processes, StateStore, Tables
from klods.kernel.state import States
from klods.kernel.view import View

Modules = Mapping[str, Module]

LoadLive = Callable[[Sequence[Module], Sequence[Module]], AbstractContextManager[Modules]]
"""Gives modules, by code, with the callables in their definitions, beside others that they need; raises `PartFailed`."""


@contextmanager
def load_live(modules: Sequence[Module], needed: Sequence[Module] = ()) -> Iterator[Modules]:
    """The modules with the callables in their definitions, which can be called while the block lasts.

    The files of these modules and of those they need are run aside: what this process serves of them notices nothing.
    """
    with aside(module.source for module in (*needed, *modules)) as sources:
        live = (replace(it, definition=load_definition(sources[it.code], it.definition)) for it in modules)
        yield {module.code: module for module in live}


@dataclass(frozen=True, kw_only=True)
class World:
    """The ports of the life cycle."""

    discover: Callable[[], Catalog]
    states: StateStore
    wishes: Callable[[], Iterable[tuple[str, bool]]]
    """What ``enabled`` says in every module.json that says it, by code."""

    migrator: Migrator
    tables: Tables
    log: Log
    contents: ContentStore
    probe: Probe
    processes: Processes
    in_force: Callable[[States], Definitions]
    """The definitions of all installed modules, by code, as their approved copies say."""

    load: LoadLive = load_live
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Values of ``MODULES__<CODE>__<KEY>``, as `klods.settings.Settings.modules` has them."""

    cipher: Cipher | None = None
    """What secrets in stored configurations are encrypted with."""

    seconds: float = 10
    """How long other processes are waited for."""

    def view(self, catalog: Catalog, states: States) -> View:
        """What plans are made from."""
        return View(
            catalog,
            states,
            self.migrator.pending,
            self.contents.fingerprint,
            self.in_force(states),
            tables=self.tables,
            log=self.log,
            is_kept=lambda code, content: self.contents.find(code, content) is not None,
            environment=self.environment,
        )

    def approved(self, catalog: Catalog, code: str, hashes: Mapping[str, str]) -> tuple[Module, ...]:
        """The module, after all those it needs, as they stand in their approved copies; raises `NoSuchModule`."""
        needed = order(catalog.definitions, closure(catalog.definitions, [code]) - {code})
        return tuple(self._approved(catalog.find(it), hashes.get(it, "")) for it in (*needed, code))

    def _approved(self, module: Module, content_hash: str) -> Module:
        return replace(module, source=self.contents.approved(module, content_hash))
