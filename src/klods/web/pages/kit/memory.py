"""A query on a list in memory; means what `statement` means in the database."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from klods.kernel.collation import Collation, collation
from klods.web.pages.kit.columns import Between, Column, Contains, Equals, Filter, as_day, value_of
from klods.web.pages.kit.query import Query


def matching(rows: Sequence[Any], query: Query, key: str) -> list[Any]:
    """All rows that are asked for, in order; rows that sort alike stand by their key."""
    column, language = query.sort_column, collation(query.locale)
    found = [row for row in rows if _holds(row, query)]
    found.sort(key=lambda row: _comparable(value_of(row, key), language))
    found.sort(key=lambda row: _comparable(value_of(row, column.key), language), reverse=query.descending)
    # What holds nothing comes last, both ways.
    found.sort(key=lambda row: value_of(row, column.key) is None)
    return found


def _holds(row: object, query: Query) -> bool:
    columns = {column.key: column for column in query.columns}
    return all(_passes(columns[key], row, found) for key, found in query.filters.items()) and _is_found(row, query)


def _is_found(row: object, query: Query) -> bool:
    texts = [str(value).lower() for column in query.found_in if (value := value_of(row, column.key)) is not None]
    return all(any(word in text for text in texts) for word in query.words.lower().split())


def _passes(column: Column, row: object, asked: Filter) -> bool:
    value = value_of(row, column.key)
    if value is None:
        return False
    if isinstance(asked, Contains):
        return asked.text.lower() in str(value).lower()
    if isinstance(asked, Equals):
        return bool(value == asked.value) if column.kind == "flag" else str(value) == asked.value
    return _lies_between(value, asked)


def _lies_between(value: Any, asked: Between) -> bool:
    if isinstance(value, date):
        value = as_day(value)
    if asked.low is not None and value < asked.low:
        return False
    if asked.high is None:
        return True
    return bool(value < asked.high if asked.short else value <= asked.high)


def _comparable(value: Any, language: Collation) -> tuple[bool, Any]:
    """Something that sorts among others of its column; None sorts among itself."""
    if value is None:
        return False, 0
    return True, language.key(value) if isinstance(value, str) else value
