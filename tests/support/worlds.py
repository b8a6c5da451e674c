"""Random hubs for property tests: folders, approved content and states on several platforms, and an oracle for the rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from packaging.specifiers import SpecifierSet

from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.plan import Do, Plan
from klods.kernel.state import Activation, Active, Installation, Installed, States
from klods.kernel.view import View
from klods.testing.memory import MemoryTables

CODES = "abcdef"
PLATFORMS = (1, 2)
VERSIONS = ("1.0", "2.0", "3.0")
RANGES = ("", "", "", ">=1.0", ">=2.0", "<3.0")
Definitions = Mapping[str, ModuleDefinition]
Enabled = Mapping[int, frozenset[str]]


@dataclass(frozen=True)
class World:
    """What stands in folders, what runs of it, and where."""

    folders: Definitions
    installed: Definitions
    enabled: Enabled

    @property
    def view(self) -> View:
        modules = (Module(it, Source(code, Path("/nowhere", code), code)) for code, it in self.folders.items())
        return View(Catalog(modules), self.states, lambda _: (), _hash, self.installed, tables=MemoryTables())

    @property
    def states(self) -> States:
        rows = {
            code: Installation(code, Installed.INSTALLED, it.version, _hash_of(it))
            for code, it in self.installed.items()
        }
        active = {
            (code, platform): Activation(code, platform, Active.ENABLED if code in codes else Active.DISABLED)
            for platform, codes in self.enabled.items()
            for code in CODES
        }
        return States(1, rows, active)

    def after(self, plan: Plan) -> "World":
        """What the steps of a plan make of it, one after the other."""
        installed, here = dict(self.installed), set(self.enabled[plan.platform_id])
        for step in plan:
            if step.do is Do.INSTALL:
                installed[step.code] = self.folders[step.code]
            elif step.do is Do.ENABLE:
                assert step.code not in here, f"{step.code} is enabled already"
                here.add(step.code)
            elif step.do is Do.DISABLE:
                here.remove(step.code)
        return replace(self, installed=installed, enabled={**self.enabled, plan.platform_id: frozenset(here)})


def _hash_of(definition: ModuleDefinition) -> str:
    said = (definition.version, definition.requires, definition.conflicts, definition.is_core)
    return str(said)


def _hash(module: Module) -> str:
    return _hash_of(module.definition)


def broken_rules(definitions: Definitions, enabled: Enabled) -> Iterator[str]:
    """Everything that does not hold between what runs, said without any code of the planner."""
    for platform, codes in enabled.items():
        for code in sorted(codes):
            it = definitions[code]
            for needed in it.requires:
                if needed.code not in codes:
                    yield f"{code} runs on {platform} without {needed.code}"
                elif not SpecifierSet(needed.versions).contains(definitions[needed.code].version):
                    yield f"{code} runs on {platform} with {needed.code} {definitions[needed.code].version}"
                elif it.is_core and not definitions[needed.code].is_core:
                    yield f"{code} is core and needs optional {needed.code} on {platform}"
            for said in it.conflicts:
                if said.code in codes and SpecifierSet(said.versions).contains(definitions[said.code].version):
                    yield f"{code} and {said.code} conflict on {platform}"
            if code in reached(definitions, code):
                yield f"{code} needs itself"


def reached(definitions: Definitions, code: str) -> set[str]:
    """What a module needs, one or more steps away."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        fresh = {it.code for it in definitions[waiting.pop()].requires if it.code in definitions} - found
        found |= fresh
        waiting += fresh
    return found


def needing(definitions: Definitions, codes: frozenset[str], code: str) -> set[str]:
    """Those of the codes that need a module, or are it."""
    return {it for it in codes if it == code or code in reached({c: definitions[c] for c in codes}, it)}


def random_definition(dice: Random, code: str) -> ModuleDefinition:
    """Any definition; more often than not one that needs only later letters, so that there is something to enable."""
    others = [it for it in dice.sample(CODES, dice.randint(0, 2)) if it > code or dice.random() < 0.1]
    hates = [it for it in dice.sample(CODES, 1) if it != code and dice.random() < 0.3]
    return ModuleDefinition(
        code=code,
        name=code,
        version=dice.choice(VERSIONS),
        requires=[it + dice.choice(RANGES) for it in others],
        conflicts=[it + dice.choice(RANGES) for it in hates],
        is_core=dice.random() < 0.2,
        is_internal=dice.random() < 0.3,
    )


def random_folders(dice: Random) -> Definitions:
    """What stands in the folders of every module, rings and all."""
    return {code: random_definition(dice, code) for code in CODES}


def random_world(dice: Random) -> World:
    """Folders and approved content that may differ, and states in which every rule holds."""
    folders = random_folders(dice)
    edited = dice.sample(CODES, dice.randint(0, 3))
    installed = {code: random_definition(dice, code) if code in edited else it for code, it in folders.items()}
    for code in dice.sample(CODES, dice.randint(0, 2)):
        del installed[code]
    enabled = {it: frozenset(installed).difference(dice.sample(CODES, dice.randint(0, 3))) for it in PLATFORMS}
    return World(folders, installed, _repaired(installed, enabled))


def _repaired(installed: Definitions, enabled: Enabled) -> Enabled:
    """Without the modules that break a rule, and then those that break one now, until none is left."""
    kept = dict(enabled)
    while wrong := list(broken_rules(installed, kept)):
        guilty = wrong[0].split()[0]
        kept = {platform: codes - {guilty} for platform, codes in kept.items()}
    return kept
