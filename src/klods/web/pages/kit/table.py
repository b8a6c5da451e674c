"""Tables that sort, filter, page and export: what an author declares, and what a page shows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from klods.db.statements import execute_query
from klods.errors import TooManyRows
from klods.web.asgi_scope import locale_of
from klods.web.pages.kit.columns import Column, parameters, value_of
from klods.web.pages.kit.export import file_of
from klods.web.pages.kit.memory import matching
from klods.web.pages.kit.query import SIZES, Asked, Query, read_asked, read_query
from klods.web.pages.kit.statement import counting, fetching
from klods.web.pages.rendering import speaker

MOST_EXPORTED = 100_000
"""How many rows a file takes."""


class Table:
    """A table as its author declares it, once, beside the pages.

    ``order`` is the column it is sorted by at first, ``-updated_at`` for the other way round; ``key`` names the value
    that tells rows apart. A page with several tables gives each a ``name``.
    """

    def __init__(self, *columns: Column, order: str = "", key: str = "id", name: str = "") -> None:
        self.columns, self.key, self.name = columns, key, name
        self.order = order or columns[0].key
        # A wrong order is the author's mistake, and must not wait for the first reader.
        read_query({}, columns, self.order)

    def ask(self, request: Request) -> "Wanted":
        """What a person asks of this table; raise `InvalidQuery` for an address that cannot be meant."""
        prefix = f"{self.name}_" if self.name else ""
        asked = read_asked(request.url.path, request.query_params.multi_items(), self.columns, prefix)
        query = read_query(asked.own, self.columns, self.order, locale_of(request.scope))
        return Wanted(self, request, asked, query)


@dataclass(frozen=True)
class Wanted:
    """A table and what a person asks of it; the rows come from a list or out of the database."""

    table: Table
    request: Request
    asked: Asked
    query: Query

    def among(self, rows: Sequence[Any]) -> "Listing":
        """Choose among rows in memory: mappings or objects."""
        found = matching(rows, self.query, self.table.key)
        query = self._fitted(len(found))
        page = found if query.export else found[query.first : query.first + query.size]
        return Listing(self, query, tuple(page), len(found))

    def select(self, sql: str, values: Sequence[Any] = ()) -> "Listing":
        """Let the database choose among the rows of a SELECT, in the module's role and transaction.

        The columns of the statement are named like those of the table; its own ``%s`` take the values, and a percent
        sign in it is doubled.
        """
        counted = counting(sql, values, self.query)
        total: int = execute_query(counted.sql, counted.values)[0]["total"]
        query = self._fitted(total)
        wanted = fetching(sql, values, query, key=self.table.key, most=MOST_EXPORTED)
        return Listing(self, query, tuple(execute_query(wanted.sql, wanted.values)), total)

    def _fitted(self, total: int) -> Query:
        if self.query.export and total > MOST_EXPORTED:
            raise TooManyRows(rows=total, most=MOST_EXPORTED)
        return self.query.fitted(total)


@dataclass(frozen=True)
class Listing:
    """The rows of one page, and the ways on from there; what the macro ``ui.table`` shows."""

    wanted: Wanted
    query: Query
    rows: tuple[Any, ...]
    total: int
    sizes: tuple[int, ...] = SIZES

    def export(self) -> Response | None:
        """The file, when the person asked for one: ``return items.export() or render(…)``."""
        if not self.query.export:
            return None
        request = self.wanted.request
        name = self.table.name or request.url.path.rstrip("/").rpartition("/")[2] or "list"
        return file_of(name, self.table.columns, self.rows, kind=self.query.export, say=speaker(request))

    @property
    def table(self) -> Table:
        """The table as its author declared it."""
        return self.wanted.table

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns."""
        return self.table.columns

    @property
    def prefix(self) -> str:
        """What the names of its parameters begin with."""
        return self.wanted.asked.prefix

    @property
    def path(self) -> str:
        """The page that it stands on."""
        return self.wanted.asked.path

    @property
    def others(self) -> tuple[tuple[str, str], ...]:
        """Parameters of the page that are not the table's; its form sends them along."""
        return self.wanted.asked.others

    @property
    def given(self) -> Mapping[str, str]:
        """The parameters as they were given, to be shown again; empty where nothing was."""
        names = ("sort", "words", *parameters(self.columns))
        return {**dict.fromkeys(names, ""), **self.wanted.asked.own}

    @property
    def pages(self) -> int:
        """How many pages there are; an empty table has one."""
        return max(1, -(-self.total // self.query.size))

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of the first and the last row on this page."""
        return self.query.first + 1, self.query.first + len(self.rows)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter hides rows."""
        return bool(self.query.words or self.query.filters)

    def link(self, **changes: str | int) -> str:
        """This page with other parameters, from the first page on unless ``page`` is among them."""
        return self.wanted.asked.link({"page": "", "export": "", **changes})

    def sort_link(self, column: Column) -> str:
        """Sort by a column; the other way round if it is sorted by it."""
        turned = column.key == self.query.sort and not self.query.descending
        return self.link(sort=f"-{column.key}" if turned else column.key)

    def sorted_by(self, column: Column) -> str:
        """What ``aria-sort`` says of a column; empty where it is not sorted by."""
        if column.key != self.query.sort:
            return ""
        return "descending" if self.query.descending else "ascending"

    def without(self, column: Column) -> str:
        """This page without the filter by a column."""
        return self.link(**dict.fromkeys(column.parameters, ""))

    @property
    def cleared(self) -> str:
        """This page without any search or filter."""
        names = [name for column in self.columns for name in column.parameters]
        return self.link(**dict.fromkeys(("words", *names), ""))

    def value(self, row: object, key: str) -> Any:
        """What a row holds under a key."""
        return value_of(row, key)
