"""The rules between modules: what is required exists, fits, is core where it must be, conflicts with nothing, never comes round."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from packaging.specifiers import SpecifierSet

from klods._version import __version__
from klods.kernel.catalog import Catalog, Module
from klods.kernel.conflicts import conflicts_among
from klods.kernel.definition import ModuleDefinition, Requirement
from klods.kernel.graph import closure, ring_text, rings
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of


def relation_problems(
    catalog: Catalog, codes: Iterable[str], *, running: Collection[str] = (), host_version: str = __version__
) -> Iterator[Problem]:
    """Everything that forbids these modules to be enabled beside the others that were found, or that are ``running``."""
    asked = [catalog[code] for code in codes if code in catalog]
    for module in asked:
        yield from _requirements(catalog, module, running)
        yield from _conflicts(catalog, module)
        yield from _host(module, host_version)
        yield from _prefix(catalog, module)
    yield from _rings(catalog, frozenset(module.code for module in asked))


def _requirements(catalog: Catalog, module: Module, running: Collection[str]) -> Iterator[Problem]:
    for requirement in module.definition.requires:
        other = catalog.get(requirement.code)
        if other is None:
            yield _absent(catalog, module, requirement)
        elif not requirement.admits(version := other.definition.version):
            runs = other.code in running
            message = f"requires {requirement}, but {other.code} {'runs' if runs else 'is'} at version {version}"
            hint = f"Enable {other.code} again, which brings in its new content." if runs else ""
            yield _problem(module, "versions", message, "requires", hint=hint)
        elif module.definition.is_core and not other.definition.is_core:
            message = f"is a core module and requires {other.code}, which is optional"
            yield _problem(
                module, "core", message, "requires", hint="Make the other one core too, or drop the requirement."
            )


def _conflicts(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Conflicts that could never be lived with: between a module and what it requires, or among what it requires."""
    needed = closure(catalog.definitions, [module.code])
    for conflict in conflicts_among(catalog.definitions, needed):
        pair = {conflict.code, conflict.other}
        if module.code in pair:
            (other,) = pair - {module.code}
            message = f"requires {other}, directly or not, and {conflict}"
        else:
            message = f"requires both {conflict.code} and {conflict.other}, directly or not, and {conflict}"
        hint = "Take one of them out of requires, or narrow the versions in conflicts."
        yield _problem(module, "conflicts", message, "requires", hint=hint)


def _absent(catalog: Catalog, module: Module, requirement: Requirement) -> Problem:
    if requirement.code in catalog.broken:
        message = f"requires {requirement.code}, which is broken"
        return _problem(module, "requires", message, "requires", hint=f"Mend {requirement.code} first.")
    close = get_close_matches(requirement.code, list(catalog), n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "Install it, or take it out of requires."
    return _problem(module, "requires", f"requires {requirement.code}, which was not found", "requires", hint=hint)


def _host(module: Module, host_version: str) -> Iterator[Problem]:
    wanted = module.definition.host_version
    if wanted and not SpecifierSet(wanted).contains(host_version, prereleases=True):
        message = f"works with klods {wanted}, but this is {host_version}"
        yield _problem(module, "host_version", message, "host_version")


def _prefix(catalog: Catalog, module: Module) -> Iterator[Problem]:
    mine = module.definition.table_prefix
    for other in catalog.definitions.values():
        if other.code != module.code and _overlap(mine, other):
            message = f"its table prefix {mine} and {other.table_prefix} of {other.code} begin alike"
            hint = "Choose a table_prefix that neither begins with the other."
            yield _problem(module, "prefix", message, "table_prefix", hint=hint)


def _overlap(prefix: str, other: ModuleDefinition) -> bool:
    return prefix.startswith(other.table_prefix) or other.table_prefix.startswith(prefix)


def _rings(catalog: Catalog, codes: frozenset[str]) -> Iterator[Problem]:
    for ring in rings(catalog.definitions):
        for code in codes.intersection(ring):
            hint = "Let one of them publish an event instead of requiring the other."
            yield _problem(catalog[code], "ring", f"needs itself: {ring_text(ring)}", "requires", hint=hint)


def _problem(module: Module, rule: str, message: str, field: str, *, hint: str = "") -> Problem:
    file, line = place_of(module.source, field)
    return Problem(module.code, rule, message, file, line, hint)
