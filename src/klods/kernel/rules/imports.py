"""What a module imports: only what is there, and of other modules only the doors of those it requires."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from klods.kernel.catalog import Catalog, Module
from klods.kernel.problems import Problem
from klods.kernel.rules.python_files import PythonFile, python_files

DOORS = ("api", "contracts", "events")
"""The files of a module that other modules may import."""

ROOTS = ("klods.modules", "app.modules")
"""Where modules stand for each other: by their own name, and by the one that older hosts gave them."""

_CALLS = frozenset({"import_module", "__import__"})
_SOFT = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, in full; `soft` when the code is ready to do without it."""

    target: str
    line: int
    soft: bool


def import_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Syntax errors, imports of what does not exist, and imports that the rules between modules forbid."""
    codes = _codes_by_package(catalog)
    for file in python_files(module.source):
        if isinstance(file, Problem):
            yield file
            continue
        seen: set[tuple[int, str]] = set()
        for found in imports(file):
            fault = _fault(module, codes, found)
            if fault and (found.line, fault[0]) not in seen:
                seen.add((found.line, fault[0]))
                yield Problem(module.code, "imports", fault[0], str(file.path), found.line, fault[1])


def imports(file: PythonFile) -> Iterator[Import]:
    """Every import of a file, wherever it stands in it."""
    waiting: list[tuple[ast.AST, bool]] = [(file.tree, False)]
    while waiting:
        node, soft = waiting.pop()
        yield from (Import(target, getattr(node, "lineno", 1), soft) for target in _targets(node, file.package))
        ready = isinstance(node, ast.Try) and any(_soft(handler) for handler in node.handlers)
        for name, value in ast.iter_fields(node):
            children = value if isinstance(value, list) else [value]
            inside = soft or (ready and name == "body")
            waiting += ((child, inside) for child in children if isinstance(child, ast.AST))


def _targets(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            return [f"{_base(node, package)}.{alias.name}" for alias in node.names]
        case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _called(node) in _CALLS:
            return [name]
    return []


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: max(0, len(parts) - (node.level - 1))]
    return ".".join((*above, node.module) if node.module else above)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _soft(handler: ast.ExceptHandler) -> bool:
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return handler.type is None or any(getattr(name, "id", "") in _SOFT for name in names)


def _codes_by_package(catalog: Catalog) -> Mapping[str, str]:
    sources = (*catalog.broken.values(), *(module.source for module in catalog.values()))
    return {source.package: source.code for source in sources}


def _fault(module: Module, codes: Mapping[str, str], found: Import) -> tuple[str, str] | None:
    target = _own_name(found.target)
    package = _package_of(target, codes)
    if package is None:
        return None if found.soft else _missing(target)
    other, inner = codes.get(package), target[len(package) + 1 :].partition(".")[0]
    if other == module.code:
        return None if found.soft else _missing_inside(module, target[len(package) + 1 :])
    if other is None:
        return f"imports {package}, a module that was not found", ""
    if other not in module.definition.required_codes:
        return f"imports the module {other} without requiring it", f'Add "{other}" to requires.'
    if inner not in DOORS:
        doors = ", ".join(f"{package}.{door}" for door in DOORS)
        return f"imports the inside of {other}: {target}", f"Import from {doors}."
    return None


def _own_name(target: str) -> str:
    older = f"{ROOTS[1]}."
    return f"{ROOTS[0]}.{target.removeprefix(older)}" if target.startswith(older) else target


def _package_of(target: str, codes: Mapping[str, str]) -> str | None:
    parts = target.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in codes:
            return name
    root = ROOTS[0].split(".")
    return ".".join(parts[:3]) if parts[:2] == root and len(parts) > 2 and parts[2] != "*" else None


def _missing(target: str) -> tuple[str, str] | None:
    top = target.partition(".")[0]
    if not top or top in sys.stdlib_module_names:
        return None
    try:
        known = top in sys.modules or find_spec(top) is not None
    except (ImportError, ValueError):
        known = False
    hint = "Install it, or catch the ImportError if the module can do without it."
    return None if known else (f"imports {top}, which is not installed", hint)


def _missing_inside(module: Module, inner: str) -> tuple[str, str] | None:
    """A file of the module's own that is not there; the last part may be a name inside a file."""
    folder = module.source.folder
    *before, last = inner.split(".") if inner else [""]
    for part in before:
        if (folder / f"{part}.py").is_file():
            return None
        folder /= part
        if not folder.is_dir():
            return f"imports {inner} of its own, but there is no {part}", ""
    if last in ("", "*") or (folder / "__init__.py").is_file() or (folder / last).is_dir():
        return None
    return None if (folder / f"{last}.py").is_file() else (f"imports {inner} of its own, but there is no {last}", "")
