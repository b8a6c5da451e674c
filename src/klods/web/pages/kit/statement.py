"""A query as SQL: the columns are the author's, what a person typed is only ever a parameter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from klods.kernel.collation import collation
from klods.web.pages.kit.columns import Between, Column, Contains, Equals, Filter
from klods.web.pages.kit.query import Query

Condition = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with the values of its ``%s``."""

    sql: str
    values: tuple[Any, ...]


def counting(base: str, values: Sequence[Any], query: Query) -> Statement:
    """How many rows are asked for."""
    where, more = _where(query)
    return Statement(f"SELECT count(*) AS total FROM (\n{_bare(base)}\n) AS listed{where}", (*values, *more))


def fetching(base: str, values: Sequence[Any], query: Query, *, key: str, most: int) -> Statement:
    """The rows of the page, or for an export the first so many."""
    where, more = _where(query)
    limits = (most, 0) if query.export else (query.size, query.first)
    sql = f"SELECT * FROM (\n{_bare(base)}\n) AS listed{where}{_order(query, key)} LIMIT %s OFFSET %s"
    return Statement(sql, (*values, *more, *limits))


def _bare(base: str) -> str:
    return base.strip().rstrip(";")


def _where(query: Query) -> tuple[str, list[Any]]:
    conditions = [*_filters(query), *_words(query)]
    text = " AND ".join(condition for condition, _ in conditions)
    return (f" WHERE {text}" if text else ""), [value for _, values in conditions for value in values]


def _filters(query: Query) -> Iterator[Condition]:
    columns = {column.key: column for column in query.columns}
    for key, asked in query.filters.items():
        yield from _condition(columns[key], asked)


def _condition(column: Column, asked: Filter) -> Iterator[Condition]:
    name = _name(column.key)
    if isinstance(asked, Contains):
        yield _contains(name), [asked.text]
    elif isinstance(asked, Equals):
        yield (f"{name} = %s" if column.kind == "flag" else f"{name}::text = %s"), [asked.value]
    else:
        yield from _limits(name, asked)


def _limits(name: str, asked: Between) -> Iterator[Condition]:
    if asked.low is not None:
        yield f"{name} >= %s", [asked.low]
    if asked.high is not None:
        yield f"{name} {'<' if asked.short else '<='} %s", [asked.high]


def _words(query: Query) -> Iterator[Condition]:
    names = [_name(column.key) for column in query.found_in]
    for word in query.words.split():
        anywhere = " OR ".join(map(_contains, names)) or "false"
        yield f"({anywhere})", [word] * len(names)


def _contains(name: str) -> str:
    return f"strpos(lower({name}::text), lower(%s)) > 0"


def _order(query: Query, key: str) -> str:
    column = query.sort_column
    name = _name(column.key)
    by = collation(query.locale).sql(f"{name}::text") if column.kind == "text" else name
    return f" ORDER BY {by} {'DESC' if query.descending else 'ASC'} NULLS LAST, {_name(key)}"


def _name(key: str) -> str:
    """An identifier; a key is letters, digits and underscores, as `Column` has seen to."""
    return f'"{key}"'
