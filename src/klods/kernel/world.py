"""What a life-cycle action touches outside of itself, in one place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from klods.kernel.catalog import Catalog, Module
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.parts import load_definition
from klods.kernel.planning import View
from klods.kernel.ports import ContentStore, Migrator, Probe, Processes, StateStore
from klods.kernel.state import States

LoadLive = Callable[[Module], ModuleDefinition]
"""Gives the definition with its callables, from the files that the module's source names; raises `PartFailed`."""


def load_live(module: Module) -> ModuleDefinition:
    """The definition with its callables, run in this process from the folder that the module's source names."""
    importer = ModuleImporter.installed()
    if importer is not None:
        importer.mount(module.source)
    return load_definition(module.source, module.definition)


@dataclass(frozen=True, kw_only=True)
class World:
    """The ports of the life cycle."""

    discover: Callable[[], Catalog]
    states: StateStore
    migrator: Migrator
    contents: ContentStore
    probe: Probe
    processes: Processes
    load: LoadLive = load_live
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Values of ``MODULES__<CODE>__<KEY>``, as `klods.settings.Settings.modules` has them."""

    seconds: float = 10
    """How long other processes are waited for."""

    def view(self, catalog: Catalog, states: States) -> View:
        """What plans are made from."""
        return View(catalog, states, self.migrator.pending, self.contents.fingerprint)

    def approved(self, catalog: Catalog, code: str, content_hash: str) -> Module:
        """The module as it stands in its approved copy; raises `NoSuchModule` when one of both is gone."""
        module = catalog.find(code)
        return replace(module, source=self.contents.approved(module, content_hash))
