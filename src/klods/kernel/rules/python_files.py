"""The Python files of a module as syntax trees."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from klods.kernel.catalog import Source
from klods.kernel.problems import Problem

NOT_ITS_CODE = frozenset({"tests", "migrations", "templates", "static", "node_modules"})


@dataclass(frozen=True, slots=True)
class PythonFile:
    """One parsed file, with the dotted name of the package that it belongs to."""

    path: Path
    package: str
    tree: ast.Module


def python_files(source: Source) -> Iterator[PythonFile | Problem]:
    """Every Python file that belongs to the running module, or the problem of one that cannot be parsed."""
    for path in sorted(_paths(source.folder)):
        inner = path.parent.relative_to(source.folder).parts
        try:
            yield PythonFile(path, ".".join((source.package, *inner)), ast.parse(path.read_bytes()))
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
            line = getattr(error, "lineno", None) or 1
            yield Problem(source.code, "syntax", f"cannot be parsed: {getattr(error, 'msg', error)}", str(path), line)


def parse(path: Path) -> ast.Module | None:
    """The tree of one file; None when it is missing or not Python, which `python_files` reports."""
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
        return None


def _paths(folder: Path) -> Iterator[Path]:
    for base, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_ITS_CODE and name[0] not in "._"]
        yield from (Path(base, name) for name in files if name.endswith(".py"))
