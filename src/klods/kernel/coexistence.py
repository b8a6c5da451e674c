"""What must hold between modules that are enabled together, on every platform, with the content that will run there."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from klods.kernel.catalog import Catalog
from klods.kernel.conflicts import Conflict, conflicts_among
from klods.kernel.definition import ModuleDefinition
from klods.kernel.graph import Definitions
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of

Platforms = Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Company:
    """What a plan makes of the modules that run: their definitions, which are enabled where, and whom the plan changes."""

    catalog: Catalog
    definitions: Definitions
    enabled: Platforms
    changed: Collection[str]

    @property
    def problems(self) -> Iterator[Problem]:
        """What would not hold any more, or not hold from the beginning; only where a changed module is part of it."""
        for platform, codes in self.enabled.items():
            for code in sorted(codes & self.definitions.keys()):
                yield from self._needs(self.definitions[code], platform)
            for conflict in conflicts_among(self.definitions, codes):
                yield from self._conflict(conflict, platform)

    def _needs(self, definition: ModuleDefinition, platform: int) -> Iterator[Problem]:
        for requirement in definition.requires:
            if self.changed_of(definition.code) and requirement.code not in self.enabled[platform]:
                message = f"requires {requirement}, which is not enabled on platform {platform}, where its new content runs too"
                hint = f"Enable {requirement.code} on platform {platform} first."
                yield self._problem(definition.code, "requires", message, field="requires", hint=hint)
            elif self.changed_of(requirement.code) and not self.changed_of(definition.code):
                yield from self._dependent(definition, self.definitions.get(requirement.code), requirement.admits)

    def _dependent(
        self, dependent: ModuleDefinition, needed: ModuleDefinition | None, admits: Callable[[str], bool]
    ) -> Iterator[Problem]:
        """What a module that stays as it is says to the new content of one that it needs."""
        if needed is None:
            return
        if not admits(needed.version):
            said = next(it for it in dependent.requires if it.code == needed.code)
            message = f"is at version {needed.version}, but {dependent.code} is enabled and requires {said}"
            yield self._problem(needed.code, "versions", message, field="version")
        if dependent.is_core and not needed.is_core:
            message = f"is optional, but {dependent.code} is enabled, a core module, and requires it"
            yield self._problem(needed.code, "core", message, field="is_core", hint=f"Leave {needed.code} core.")

    def _conflict(self, conflict: Conflict, platform: int) -> Iterator[Problem]:
        codes = [it for it in (conflict.code, conflict.other) if self.changed_of(it)]
        if not codes:
            return
        changed = codes[0]
        other = conflict.other if changed == conflict.code else conflict.code
        way = f"conflicts with {conflict.said}" if changed == conflict.code else f"cannot run where {conflict} does"
        together = "would be enabled beside it" if len(codes) > 1 else "is enabled"
        message = f"{way}: {other} {together} on platform {platform}"
        hint = f"Disable {other} first: nothing is switched off to make room."
        yield self._problem(changed, "conflicts", message, field="conflicts", hint=hint)

    def changed_of(self, code: str) -> bool:
        """Whether the plan changes what runs of that module, or where."""
        return code in self.changed

    def _problem(self, code: str, rule: str, message: str, *, field: str, hint: str = "") -> Problem:
        file, line = place_of(self.catalog[code].source, field) if code in self.catalog else ("", 0)
        return Problem(code, rule, message, file, line, hint)
