"""What the class of a module forbids: an internal module has nothing to offer to vendors."""

from collections.abc import Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.definition import FrontendType
from klods.kernel.parts import PARTS
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of
from klods.kernel.rules.python_files import parse
from klods.kernel.rules.routes import routes

RULE = "class"
_HINT = "Take it out, or let the module not be internal: vendors are refused there anyway."


def class_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """What an internal module has for vendors: a router, pages, entries of their menu."""
    del catalog
    if not module.definition.is_internal:
        return
    folder = module.source.folder
    if PARTS["vendor"].exists(folder):
        yield _problem(module, "has routes for vendors", str(folder / PARTS["vendor"].file), 1)
    pages = folder / PARTS["pages"].file
    if (tree := parse(pages)) is not None:
        for route in routes(tree, PARTS["pages"].name):
            if route.path.startswith(f"/vendor/{module.code}"):
                yield _problem(module, f"has the page {route.path!r} for vendors", str(pages), route.line)
    if module.definition.menu_items.get(FrontendType.VENDOR):
        yield _problem(module, "has menu items for vendors", *place_of(module.source, "menu_items"))


def _problem(module: Module, what: str, file: str, line: int) -> Problem:
    return Problem(module.code, RULE, f"is internal, for admins only, and {what}", file, line, _HINT)
