"""Reads one migration file: who it is, whom it follows, and what is wrong with it. Python is parsed, never run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from klods.kernel.names import python_name
from klods.kernel.plain_files import read_plain_text
from klods.kernel.problems import Problem
from klods.kernel.syntax import Unparsable, parse

RULE = "migrations"
SQL_NAME = re.compile(r"(?P<number>[0-9]{3,9})_[\w-]+\.sql\Z")
DOWN_NAME = re.compile(r"(?P<number>[0-9]{3,9})(_[\w-]+)?\.down\.sql\Z")
_DIRECTIVE = re.compile(r"\s*--\s*klods:\s*(?P<word>\S*)")
_NO_TRANSACTION = "no-transaction"
_METADATA = ("revision", "down_revision", "depends_on")


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One file that is a revision; `line` is where it says whom it follows."""

    path: Path
    kind: Literal["sql", "py"]
    revision: str
    number: int | None = None
    parent: str | None = None
    line: int = 1
    text: str = ""
    transactional: bool = True


Read = MigrationFile | Problem


def read_sql(code: str, path: Path) -> Iterator[Read]:
    """The revision that a ``NNN_name.sql`` file is, and its problems."""
    name = SQL_NAME.match(path.name)
    if name is None:
        yield _problem(code, path, "the file has no number, so its turn is unknown", hint="Name it like 001_init.sql.")
        return
    text = read_text(code, path)
    if isinstance(text, Problem):
        yield text
        return
    directives = list(_directives(text))
    yield from check_directives(code, path, text)
    yield MigrationFile(
        path,
        "sql",
        f"{python_name(code)}_{name['number']}",
        number=int(name["number"]),
        text=text,
        transactional=not any(word == _NO_TRANSACTION and in_head for word, _, in_head in directives),
    )


def read_python(code: str, path: Path) -> Iterator[Read]:
    """The revision that an Alembic file is, by its `revision` and `down_revision`, and its problems."""
    text = read_text(code, path)
    if isinstance(text, Problem):
        yield text
        return
    tree = parse(text)
    if isinstance(tree, Unparsable):
        yield _problem(code, path, f"the file cannot be parsed: {tree.reason}", tree.line)
        return
    yield from _revision(code, path, text, dict(_assignments(tree)))


def read_text(code: str, path: Path) -> str | Problem:
    """The file's text with plain line ends, so that a checksum survives a checkout on another system."""
    try:
        return read_plain_text(path)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return _problem(code, path, "the file is not UTF-8", line, hint="Save it as UTF-8.")
    except OSError as error:
        return _problem(code, path, f"the file cannot be read: {error.strerror}")


def check_directives(code: str, path: Path, text: str) -> Iterator[Problem]:
    """The ``-- klods:`` lines that would have no effect."""
    for word, line, in_head in _directives(text):
        if word != _NO_TRANSACTION:
            yield _problem(
                code, path, f"-- klods:{word} means nothing", line, hint=f"Write -- klods:{_NO_TRANSACTION}."
            )
        elif not in_head:
            hint = "Move it to the top of the file."
            yield _problem(code, path, f"-- klods:{word} must stand above the first statement", line, hint=hint)


def _directives(text: str) -> Iterator[tuple[str, int, bool]]:
    in_head = True
    for number, line in enumerate(text.splitlines(), 1):
        if found := _DIRECTIVE.match(line):
            yield found["word"], number, in_head
        in_head = in_head and (not line.strip() or line.lstrip().startswith("--"))


def _revision(code: str, path: Path, text: str, said: dict[str, tuple[Any, int]]) -> Iterator[Read]:
    revision, line = said.get("revision", (None, 1))
    if not isinstance(revision, str) or not revision:
        yield _problem(code, path, "the file does not say its revision as a text", line, hint='Write revision = "…".')
        return
    depends_on, depends_line = said.get("depends_on", (None, 1))
    if depends_on:
        hint = "A module's migrations are one line of their own; name the other module in requires."
        yield _problem(code, path, "depends_on is not followed", depends_line, hint=hint)
    parent, parent_line = said.get("down_revision", (None, line))
    file = MigrationFile(path, "py", revision, number=_number(code, path), line=parent_line, text=text)
    if isinstance(parent, tuple | list) and len(parent) < 2:
        parent = parent[0] if parent else None
    if parent is None or isinstance(parent, str):
        yield replace(file, parent=parent or None)
        return
    message = "down_revision merges two lines" if isinstance(parent, tuple | list) else "down_revision is not a text"
    yield _problem(code, path, message, parent_line, hint="Let each migration follow exactly one other.")


def _number(code: str, path: Path) -> int | None:
    found = re.match(rf"(?:{re.escape(python_name(code))}_)?([0-9]{{3,9}})(?:_|\.py\Z)", path.name)
    return int(found[1]) if found else None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, tuple[Any, int]]]:
    for node in tree.body:
        for target in _targets(node):
            if target in _METADATA and isinstance(node, ast.Assign | ast.AnnAssign):
                yield target, (_literal(node.value), node.lineno)


def _targets(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _literal(value: ast.expr | None) -> Any:
    try:
        return None if value is None else ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return value


def _problem(code: str, path: Path, message: str, line: int = 1, *, hint: str = "") -> Problem:
    return Problem(code, RULE, message, str(path), line, hint)
