"""What a module says about people: one that hands out personal data can erase it too, and the reverse."""

from collections.abc import Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.declared import DEFINITION, bound
from klods.kernel.personal_data import PERSONAL
from klods.kernel.problems import Problem

RULE = "personal"


def personal_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """One of the two functions about people without the other."""
    del catalog
    given = bound(module.source.folder, PERSONAL)
    if len(given) == 1:
        ((has, line),) = given.items()
        (lacks,) = set(PERSONAL) - {has}
        message = f"has {has} and no {lacks}: what is held about a person is both handed out and erased"
        path = str(module.source.folder / DEFINITION)
        yield Problem(module.code, RULE, message, path, line, f"Write {lacks} beside it.", warning=True)
