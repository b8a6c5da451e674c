"""What a module takes out of the api.py of another: only what stands there as `@api`."""

import ast
from collections.abc import Collection, Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.problems import Problem
from klods.kernel.rules.imports import imports
from klods.kernel.rules.python_files import PythonFile, parse, python_files

DOOR = "api"

Taken = tuple[str, str, int]
"""The file something is taken from, its name there, and the line where it is taken."""


def call_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Functions of other modules that would work with the rights of whoever calls them."""
    doors = {f"{other.source.package}.{DOOR}": other for other in catalog.values() if other.code != module.code}
    for file in python_files(module.source):
        if isinstance(file, PythonFile):
            yield from _of_file(module, file, doors)


def _of_file(module: Module, file: PythonFile, doors: dict[str, Module]) -> Iterator[Problem]:
    taken = {(*found.target.rpartition(".")[::2], found.line) for found in imports(file)}
    for door, name, line in sorted(taken | set(_by_attribute(file, doors))):
        other = doors.get(door)
        if other is not None and not _is_offered(other, name):
            message = f"takes {name} from the {DOOR}.py of {other.code}, where it is not marked @api"
            hint = f"Mark it there: unmarked it would work with the rights of {module.code}."
            yield Problem(module.code, "calls", message, str(file.path), line, hint)


def _by_attribute(file: PythonFile, doors: Collection[str]) -> Iterator[Taken]:
    """What is taken out of a door that was imported as a whole, under whatever name."""
    names = {name: door for node in ast.walk(file.tree) for name, door in _bound(node) if door in doors}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            yield names[node.value.id], node.attr, node.lineno


def _bound(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that an import binds to whole files, each with the file's full name."""
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from ((alias.asname, alias.name) for alias in node.names if alias.asname)


def _is_offered(module: Module, name: str) -> bool:
    """False for a function, or a class of functions, without the mark; what cannot be found in the file is let through."""
    tree = parse(module.source.folder / f"{DOOR}.py")
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return _is_marked(node)
        if isinstance(node, ast.ClassDef) and node.name == name:
            functions = [it for it in node.body if isinstance(it, ast.FunctionDef) and it.name[0] != "_"]
            return not functions or any(map(_is_marked, functions))
    return True


def _is_marked(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(mark).rpartition(".")[2] == DOOR for mark in node.decorator_list)
