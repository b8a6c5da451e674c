"""What a definition.py says, as far as it can be read without running it."""

import ast
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from klods.kernel.definition import FrontendType, MenuItem
from klods.kernel.parts import LIVE
from klods.kernel.personal import Retention
from klods.kernel.problems import Problem
from klods.kernel.syntax import Unparsable, parse_file

DEFINITION = "definition.py"
RULE = "definition"


@dataclass(frozen=True, slots=True)
class Declared:
    """The plain values of one `ModuleDefinition(...)` call, the line of each field, and what is wrong.

    `whole` is false when there is more to know than plain values, so that only running the file would tell.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    whole: bool = True


def read_declared(folder: Path, name: str) -> Declared:
    """Parse a folder's definition.py; no file declares nothing."""
    path = folder / DEFINITION
    if not os.path.lexists(path):
        return Declared()
    tree = parse_file(path)
    if isinstance(tree, Unparsable):
        message = f"definition.py cannot be parsed: {tree.reason}"
        return Declared(problems=(Problem(name, RULE, message, str(path), tree.line),))
    calls = [node for node in ast.walk(tree) if _calls(node, "ModuleDefinition")]
    return _declared(calls[0]) if len(calls) == 1 else Declared(whole=not calls)


def _declared(call: ast.AST) -> Declared:
    given = list(_keywords(call))
    fields = {}
    for keyword, value in given:
        try:
            fields[keyword] = _value(value)
        except (ValueError, TypeError, RecursionError):
            continue
    lines = {keyword: value.lineno for keyword, value in given}
    unread = lines.keys() - fields.keys() - set(LIVE)
    return Declared(fields, lines, whole=not unread and not _spread(call))


def bound(folder: Path, names: Collection[str]) -> dict[str, int]:
    """Which of these names a folder's definition.py seems to give the host, with their lines; nothing of it is run.

    Where that cannot be read for certain, as after ``import *``, a name counts as given.
    """
    path = folder / DEFINITION
    tree = parse_file(path) if os.path.lexists(path) else None
    if tree is None or isinstance(tree, Unparsable):
        return {}
    calls = [node for node in ast.walk(tree) if _calls(node, "ModuleDefinition")]
    if len(calls) == 1 and not _spread(calls[0]):
        given = ((keyword, value.lineno) for keyword, value in _keywords(calls[0]) if not _is_none(value))
    else:
        given = (pair for node in ast.walk(tree) for pair in _bindings(node, names))
    found: dict[str, int] = {}
    for name, line in given:
        if name in names:
            found.setdefault(name, line)
    return found


def _bindings(node: ast.AST, names: Collection[str]) -> Iterator[tuple[str, int]]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
            yield name, node.lineno
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            brought = [alias.asname or alias.name for alias in aliases]
            yield from ((name, node.lineno) for name in (names if "*" in brought else brought))
        case ast.Constant(value=str(text)):
            yield text, node.lineno
        case ast.Call():
            yield from ((keyword, value.lineno) for keyword, value in _keywords(node))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _spread(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and (bool(call.args) or any(keyword.arg is None for keyword in call.keywords))


def _keywords(call: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(call, ast.Call):
        yield from ((keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg)


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and _last_name(node.func) == name


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _value(node: ast.expr) -> Any:
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.Attribute(attr=name) if _last_name(node.value) == "FrontendType":
            return FrontendType(name.lower())
        case ast.Call() if _calls(node, "MenuItem"):
            first = {"id": _value(node.args[0])} if node.args else {}
            return MenuItem(**first, **{keyword: _value(value) for keyword, value in _keywords(node)})
        case ast.Call(args=places) if _calls(node, "Retention"):
            given = {keyword: _value(value) for keyword, value in _keywords(node)}
            return Retention(*(_value(place) for place in places), **given)
        case _:
            return ast.literal_eval(node)
