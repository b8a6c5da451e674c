"""The rules between modules: what is required exists, fits, is core where it must be, exports what others use, never comes round."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from packaging.specifiers import SpecifierSet

from klods._version import __version__
from klods.kernel.catalog import Catalog, Module
from klods.kernel.definition import ModuleDefinition, Requirement
from klods.kernel.granting import grant_problems
from klods.kernel.graph import ring_text, rings
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of
from klods.kernel.state import Active, States


def relation_problems(catalog: Catalog, codes: Iterable[str], host_version: str = __version__) -> Iterator[Problem]:
    """Everything that forbids these modules to be enabled beside the others that were found."""
    asked = [catalog[code] for code in codes if code in catalog]
    for module in asked:
        yield from _requirements(catalog, module)
        yield from _host(module, host_version)
        yield from _prefix(catalog, module)
        yield from grant_problems(catalog, module)
    yield from _rings(catalog, frozenset(module.code for module in asked))


def running_problems(catalog: Catalog, states: States, codes: Iterable[str]) -> Iterator[Problem]:
    """Version ranges that would be broken between these modules, as they stand in their folders, and what runs now."""
    enabled = {code for (code, _), row in states.activations.items() if row.state is Active.ENABLED}
    fresh = [catalog[code] for code in codes]
    for module in fresh:
        for requirement in module.definition.requires:
            running = states.installation(requirement.code).version
            if requirement.code in enabled and running and not requirement.admits(running):
                message = f"requires {requirement}, but {requirement.code} runs at version {running}"
                hint = f"Disable {requirement.code} and enable it again to bring in its new content."
                yield _problem(module, "versions", message, "requires", hint=hint)
        for other in (catalog[code] for code in sorted(enabled & catalog.keys())):
            for requirement in other.definition.requires:
                if requirement.code == module.code and not requirement.admits(module.definition.version):
                    message = f"is at version {module.definition.version}, but {other.code} is enabled and requires {requirement}"
                    yield _problem(module, "versions", message, "version")


def _requirements(catalog: Catalog, module: Module) -> Iterator[Problem]:
    for requirement in module.definition.requires:
        other = catalog.get(requirement.code)
        if other is None:
            yield _absent(catalog, module, requirement)
        elif not requirement.admits(other.definition.version):
            message = f"requires {requirement}, but {other.code} is at version {other.definition.version}"
            yield _problem(module, "versions", message, "requires")
        elif module.definition.is_core and not other.definition.is_core:
            message = f"is a core module and requires {other.code}, which is optional"
            yield _problem(
                module, "core", message, "requires", hint="Make the other one core too, or drop the requirement."
            )


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
