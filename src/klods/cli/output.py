"""What commands print: tables for people at a terminal, plain lines for pipes, JSON when asked."""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    """Text from outside as one line that does nothing to the terminal: control characters are escaped."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def json_option(command: F) -> F:
    """Give a command ``--json``, which arrives as the parameter ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")(command)


def json_text(value: object) -> str:
    """The value as JSON text: indented at a terminal, on one line otherwise."""
    import json

    indent = 2 if sys.stdout.isatty() else None
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)


def print_json(value: object) -> None:
    """Print the value as JSON."""
    click.echo(json_text(value))


def tell(words: str, data: object, *, as_json: bool) -> None:
    """Print the words, or the data where JSON was asked for."""
    click.echo(json_text(data) if as_json else words)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a drawn table at a terminal, and lines with tabs between the cells otherwise."""
    cells = [[_cell(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _draw(columns, cells)
        return
    for line in ([*columns], *cells):
        click.echo("\t".join(line))


def _draw(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_cell, value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return "" if value is None else one_line(" ".join(str(value).split()))


def _plain(value: Any) -> object:
    """Say a value in the words JSON has."""
    from collections.abc import Mapping
    from dataclasses import fields, is_dataclass

    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return list(value) if isinstance(value, Iterable) else str(value)
