"""Python files as syntax trees: the one place that parses them, whatever may be wrong with them."""

import ast
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from klods.kernel.plain_files import read_plain

TRIES = 5
TOO_DEEP = "it is nested too deeply"


@dataclass(frozen=True, slots=True)
class Unparsable:
    """Why there is no tree, and the line to look at."""

    reason: str
    line: int = 1


def parse(text: str | bytes) -> ast.Module | Unparsable:
    """The tree of a text, or why it has none."""
    try:
        return _tree(text)
    except SyntaxError as error:
        return Unparsable(error.msg, error.lineno or 1)
    except (RecursionError, MemoryError):
        return Unparsable(TOO_DEEP)
    except (ValueError, SystemError) as error:
        return Unparsable(str(error))


def parse_file(path: Path) -> ast.Module | Unparsable:
    """The tree of a file, or why it has none; a file that cannot be read has none either."""
    try:
        text = read_plain(path)
    except OSError as error:
        return Unparsable(error.strerror or str(error))
    return parse(text)


def _tree(text: str | bytes) -> ast.Module:
    # Python 3.11 counts its depth in one place for all threads: garbage collected while a tree is built lets another
    # thread build one, and then the first fails with SystemError although its text is fine (python/cpython#106905).
    for _ in range(TRIES - 1):
        with suppress(SystemError):
            return ast.parse(text)
    return ast.parse(text)
