"""What a module takes out of the api.py of another: only what stands there as `@api`."""

import ast
from collections.abc import Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.problems import Problem
from klods.kernel.rules.imports import imports
from klods.kernel.rules.python_files import PythonFile, parse, python_files

DOOR = "api"


def call_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Functions of other modules that would work with the rights of whoever calls them."""
    doors = {f"{other.source.package}.{DOOR}": other for other in catalog.values() if other.code != module.code}
    for file in python_files(module.source):
        if isinstance(file, PythonFile):
            yield from _of_file(module, file, doors)


def _of_file(module: Module, file: PythonFile, doors: dict[str, Module]) -> Iterator[Problem]:
    for found in imports(file):
        door, _, name = found.target.rpartition(".")
        other = doors.get(door)
        if other is not None and not _is_offered(other, name):
            message = f"takes {name} from the {DOOR}.py of {other.code}, where it is not marked @api"
            hint = f"Mark it there: unmarked it would work with the rights of {module.code}."
            yield Problem(module.code, "calls", message, str(file.path), found.line, hint)


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
