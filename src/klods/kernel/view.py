"""Everything that is known when a plan is made."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from klods.errors import NoSuchModule
from klods.kernel.catalog import Catalog, Module
from klods.kernel.config import Environment
from klods.kernel.definition import ModuleDefinition
from klods.kernel.graph import Definitions
from klods.kernel.history import Log
from klods.kernel.holdings import Holder
from klods.kernel.names import default_prefix
from klods.kernel.ports import Tables
from klods.kernel.state import Installed, States
from klods.kernel.switches import Switches, effective


@dataclass(frozen=True, slots=True)
class View:
    """Everything a plan depends on, at one moment."""

    catalog: Catalog
    states: States
    pending: Callable[[Module], Sequence[str]]
    """The revisions of a module that have not run, oldest first."""

    fingerprint: Callable[[Module], str]
    """The hash of what stands in a module's folder."""

    in_force: Definitions = field(default_factory=dict)
    """What the approved content of every installed module says, by code."""

    tables: Tables | None = None
    """What modules hold in the database; only plans that take something out or bring it back look there."""

    log: Log | None = None
    """What was done before; only plans that undo look there."""

    is_kept: Callable[[str, str], bool] = lambda code, content_hash: False  # noqa: ARG005
    """Whether the approved copy of a module with that hash is still there."""

    environment: Environment = field(default_factory=dict)
    """Values of ``MODULES__<CODE>__<KEY>``."""

    @property
    def standing(self) -> Definitions:
        """What counts of every module now: its approved content where it is installed, or else what its folder says."""
        return {**{code: self._running(module) for code, module in self.catalog.items()}, **self.in_force}

    def keeping(self, codes: Collection[str]) -> Catalog:
        """The catalog with what runs of these modules in the place of what their folders say."""
        kept = {code: self._running(self.catalog[code]) for code in codes if code in self.catalog}
        return self.catalog.saying(kept)

    def _running(self, module: Module) -> ModuleDefinition:
        """What runs of it; where that cannot be read any more, what its folder says, at the version that runs."""
        row = self.states.installation(module.code)
        if (known := self.in_force.get(module.code)) or row.state is not Installed.INSTALLED or not row.version:
            return known or module.definition
        return replace(module.definition, version=row.version)

    @property
    def enabled(self) -> dict[int, frozenset[str]]:
        """The codes whose gate is open, by platform."""
        platforms = sorted({platform for _, platform in self.states.activations})
        return {platform: self.states.enabled(platform) for platform in platforms}

    def platforms_of(self, code: str) -> frozenset[int]:
        """The platforms on which a module is enabled."""
        return frozenset(platform for platform, codes in self.enabled.items() if code in codes)

    def switches(self, code: str, platform_id: int) -> Switches:
        """The safety switches of a module as they are in force, or would be if it were enabled."""
        definition = self.in_force.get(code) or self.catalog[code].definition
        return effective(definition, self.states.stored_switches(code, platform_id), self.environment)

    def holder(self, code: str) -> Holder:
        """Whose the tables of a module are; one that nobody can read any more has the usual prefix."""
        definition = self.in_force.get(code) or self.catalog.definitions.get(code)
        return definition.holder if definition else Holder(code, default_prefix(code))

    def refuse_unknown(self, code: str) -> None:
        """Raise `NoSuchModule` when the module was neither found nor stored."""
        activated = {known for known, _ in self.states.activations}
        if code not in {*self.catalog, *self.catalog.broken, *self.states.installations, *activated}:
            raise NoSuchModule(module=code)
