"""What routes ask of their callers: only permissions and features that some module declares can be given to anybody."""

import ast
from collections.abc import Iterator, Mapping

from klods.kernel.catalog import Catalog, Module
from klods.kernel.permissions import HOST_PERMISSIONS, is_pattern
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of
from klods.kernel.rules.python_files import PythonFile, python_files

ASKED = {"requires": "permissions", "requires_feature": "features"}
"""The functions with which a route asks, and the field that declares what they may ask for."""

RULE = "permissions"


def permission_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Codes that nobody can hold, because no module declares them, or that several modules could mean."""
    yield from _ambiguous(module)
    declared = {field: _declared(catalog, module, field) for field in ASKED.values()}
    for file in python_files(module.source):
        if isinstance(file, PythonFile):
            yield from _undeclared(module, file, declared)


def _ambiguous(module: Module) -> Iterator[Problem]:
    path, line = place_of(module.source, "permissions")
    for code in module.definition.permissions:
        if is_pattern(code) and code.partition(".")[0] != module.code:
            message = f"the permission {code} does not begin with the module's code, so others may mean it too"
            yield Problem(module.code, RULE, message, path, line, f"Call it {module.code}.{code}.", warning=True)


def _declared(catalog: Catalog, module: Module, field: str) -> set[str]:
    """What the module and those it requires declare."""
    sources = [module.definition, *(catalog[it].definition for it in module.definition.required_codes if it in catalog)]
    found = {code for definition in sources for code in getattr(definition, field)}
    return found | (HOST_PERMISSIONS.keys() if field == "permissions" else set())


def _undeclared(module: Module, file: PythonFile, declared: Mapping[str, set[str]]) -> Iterator[Problem]:
    for line, function, code in sorted(_asked(file.tree)):
        field = ASKED[function]
        if code not in declared[field]:
            message = f"asks for {code!r}, which is declared neither here nor by a module it requires"
            hint = f"Add it to {field} of {module.code}."
            yield Problem(module.code, RULE, message, str(file.path), line, hint)


def _asked(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    names = dict(_bound(tree))
    for node in ast.walk(tree):
        function = names.get(ast.unparse(node.func)) if isinstance(node, ast.Call) else None
        if function and isinstance(node, ast.Call):
            for value in node.args:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.lineno, function, value.value


def _bound(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """How the functions are called in this file, with what they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "klods":
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names if alias.name in ASKED)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "klods":
                    yield from ((f"{alias.asname or 'klods'}.{name}", name) for name in ASKED)
