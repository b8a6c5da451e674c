"""What the names of tables and columns in a definition may look like, since they end up in SQL."""

import re
from collections.abc import Iterator

from klods.kernel.definition import ModuleDefinition
from klods.kernel.grants import HOST

NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
LONGEST_NAME = 63
"""PostgreSQL cuts off the rest without an error."""

PREFIX = re.compile(r"[a-z][a-z0-9_]*_\Z")
LONGEST_PREFIX = 41
"""The longest code and its ``_``."""

MOST_DAYS = 36_500
"""A rule that keeps rows for longer keeps them for good."""

Finding = tuple[str, str]


def name_problems(definition: ModuleDefinition) -> Iterator[Finding]:
    """Which field of a definition holds a name that PostgreSQL would read as another one, and why."""
    if reason := _why_no_prefix(definition.table_prefix):
        yield "table_prefix", f"table_prefix {definition.table_prefix!r} cannot begin a table's name: {reason}"
    yield from _tables("reads", definition)
    yield from _tables("exports", definition)
    yield from _rules_of_retention(definition)
    for reference in definition.references:
        if not reference.startswith(HOST):
            yield from _reference(reference)


def why_no_name(name: str) -> str | None:
    """The reason why this cannot be the name of a table or a column, or None when it can."""
    if not name:
        return "it is empty"
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    if not NAME.match(name):
        return "a name is lower-case letters, digits and _, and does not begin with a digit"
    return None


def _why_no_prefix(prefix: str) -> str | None:
    if len(prefix) > LONGEST_PREFIX:
        return f"it is longer than {LONGEST_PREFIX} characters"
    if not PREFIX.match(prefix):
        return "a prefix is lower-case letters, digits and _, begins with a letter and ends with _"
    return None


def _tables(field: str, definition: ModuleDefinition) -> Iterator[Finding]:
    for table, columns in getattr(definition, field).items():
        of_host = field == "reads" and table.startswith(HOST)
        if not of_host and (reason := why_no_name(table)):
            yield field, f"{field} names {table!r}, which cannot be a table: {reason}"
        if not columns:
            yield field, f'{field} names {table!r} without any column; list the columns, as "{table}": ["id"]'
        for column in columns:
            if reason := why_no_name(column):
                yield field, f"{field}: {table} has {column!r}, which cannot be a column: {reason}"


def _rules_of_retention(definition: ModuleDefinition) -> Iterator[Finding]:
    for rule in definition.retention:
        if reason := why_no_name(rule.table):
            yield "retention", f"retention names {rule.table!r}, which cannot be a table: {reason}"
        elif not rule.table.startswith(definition.table_prefix):
            message = f"retention names {rule.table}, which does not begin with its own table prefix"
            yield "retention", f"{message} {definition.table_prefix}"
        for column in (rule.column, *rule.clear):
            if reason := why_no_name(column):
                yield "retention", f"retention of {rule.table} has {column!r}, which cannot be a column: {reason}"
        if not 1 <= rule.days <= MOST_DAYS:
            yield "retention", f"retention of {rule.table}: days must be from 1 to {MOST_DAYS}, not {rule.days}"


def _reference(reference: str) -> Iterator[Finding]:
    parts = reference.split(".")
    if len(parts) > 2:
        yield "references", f"references names {reference!r}, which is neither a table nor table.column"
        return
    for part, kind in zip(parts, ("table", "column"), strict=False):
        if reason := why_no_name(part):
            yield "references", f"references names {reference!r}, but {part!r} cannot be a {kind}: {reason}"
