"""What a definition.py says, as far as it can be read without running it."""

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from klods.kernel.definition import FrontendType, MenuItem
from klods.kernel.parts import LIVE
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
        case _:
            return ast.literal_eval(node)
