"""All rules over all modules: everything that is wrong, in one run, without running any module's code."""

from collections.abc import Callable, Iterator

from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.granting import grant_problems
from klods.kernel.problems import Problem, Problems
from klods.kernel.relations import relation_problems
from klods.kernel.rules.calls import call_problems
from klods.kernel.rules.classes import class_problems
from klods.kernel.rules.contents import file_problems, locale_problems, migration_problems, missing_problems
from klods.kernel.rules.imports import import_problems
from klods.kernel.rules.outside import outside_problems
from klods.kernel.rules.permissions import permission_problems
from klods.kernel.rules.personal import personal_problems
from klods.kernel.rules.python_files import python_files
from klods.kernel.rules.routes import route_problems
from klods.kernel.rules.sharing import sharing_problems
from klods.kernel.rules.wording import wording_problems

Rule = Callable[[Catalog, Module], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    grant_problems,
    file_problems,
    import_problems,
    call_problems,
    outside_problems,
    route_problems,
    permission_problems,
    personal_problems,
    class_problems,
    migration_problems,
    sharing_problems,
    locale_problems,
    missing_problems,
    wording_problems,
)


def problems(catalog: Catalog) -> Problems:
    """What discovery met, what the rules between modules say, and what each module's own files are missing."""
    found = [*catalog.problems, *relation_problems(catalog, catalog)]
    for module in catalog.values():
        for rule in RULES:
            found += rule(catalog, module)
    for source in catalog.broken.values():
        found += _of_broken(catalog, source)
    return Problems(found)


def _of_broken(catalog: Catalog, source: Source) -> Iterator[Problem]:
    """What can be said about a module that has no definition: its files alone."""
    known = {(problem.file, problem.line) for problem in catalog.problems}
    files = (file for file in python_files(source) if isinstance(file, Problem))
    yield from (problem for problem in files if (problem.file, problem.line) not in known)
    nameless = Module(ModuleDefinition(code=source.code, name=source.code), source)
    for rule in (file_problems, migration_problems, locale_problems):
        yield from rule(catalog, nameless)
