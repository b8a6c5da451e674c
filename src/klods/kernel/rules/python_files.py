"""The Python files of a module as syntax trees."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from klods.kernel.catalog import Source
from klods.kernel.problems import Problem
from klods.kernel.syntax import Unparsable, parse_file

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
        tree = parse_file(path)
        if isinstance(tree, Unparsable):
            yield Problem(source.code, "syntax", f"cannot be parsed: {tree.reason}", str(path), tree.line)
        else:
            yield PythonFile(path, ".".join((source.package, *inner)), tree)


def parse(path: Path) -> ast.Module | None:
    """The tree of one file; None when it is missing or not Python, which `python_files` reports."""
    tree = parse_file(path)
    return None if isinstance(tree, Unparsable) else tree


def _paths(folder: Path) -> Iterator[Path]:
    for base, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_ITS_CODE and name[0] not in "._"]
        yield from (Path(base, name) for name in files if name.endswith(".py"))
