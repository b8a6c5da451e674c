"""The codes that a definition uses for permissions, features and menus."""

import re
from collections import Counter
from collections.abc import Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.definition import MenuItem
from klods.kernel.graph import closure
from klods.kernel.permissions import HOST_PERMISSIONS
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of

CODE = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*\Z")


def wording_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Codes that are not well-formed, doubled, or point at nothing."""
    definition = module.definition
    for field, message, warning in (
        *_codes("permissions", definition.permissions),
        *_codes("features", definition.features),
        *_menus(catalog, module),
    ):
        file, line = place_of(module.source, field)
        yield Problem(module.code, "wording", message, file, line, warning=warning)


Finding = tuple[str, str, bool]


def _codes(field: str, codes: tuple[str, ...]) -> Iterator[Finding]:
    for code in codes:
        if not CODE.match(code):
            yield field, f"{field}: {code!r} is no code; write it like customers.read", False
    for code, times in Counter(codes).items():
        if times > 1:
            yield field, f"{field}: {code!r} is given {times} times", True


def _menus(catalog: Catalog, module: Module) -> Iterator[Finding]:
    if not module.definition.menu_items:
        return
    known = {
        permission
        for code in closure(catalog.definitions, [module.code])
        for permission in catalog[code].definition.permissions
    } | HOST_PERMISSIONS.keys()
    for frontend, items in module.definition.menu_items.items():
        for name, times in Counter(item.id for item in items).items():
            if times > 1:
                yield "menu_items", f"the {frontend} menu has {name!r} {times} times", False
        for item in items:
            yield from _item(item, known)


def _item(item: MenuItem, known: set[str]) -> Iterator[Finding]:
    if not CODE.match(item.id):
        yield "menu_items", f"the menu item {item.id!r} is no code; write it like sales-reports", False
    if item.path and not item.path.startswith("/"):
        yield "menu_items", f"the menu item {item.id!r} has the path {item.path!r}, which must begin with /", False
    if item.permission and item.permission not in known:
        message = (
            f"the menu item {item.id!r} asks for {item.permission!r}, which neither this module nor one it requires has"
        )
        yield "menu_items", message, True
