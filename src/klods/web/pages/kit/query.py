"""What a person asks of a table, read from the address of its page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from klods.errors import InvalidQuery
from klods.kernel.i18n import FALLBACK
from klods.web.pages.kit.columns import Column, Filter, checked_text, parameters

SIZES = (25, 50, 100)
LAST_PAGE = 1_000_000
EXPORTS = ("csv", "xlsx")


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows, in which order, which page of them; every value was checked against the columns."""

    columns: tuple[Column, ...]
    sort: str
    descending: bool = False
    page: int = 1
    size: int = SIZES[0]
    words: str = ""
    export: str = ""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    """By the key of the column."""

    locale: str = FALLBACK
    """The language by which texts are put in order."""

    @property
    def first(self) -> int:
        """How many rows stand before this page."""
        return (self.page - 1) * self.size

    @property
    def sort_column(self) -> Column:
        """The column that the rows are sorted by."""
        return next(column for column in self.columns if column.key == self.sort)

    @property
    def found_in(self) -> tuple[Column, ...]:
        """The columns that the search box looks into."""
        return tuple(column for column in self.columns if column.finds)

    def fitted(self, total: int) -> "Query":
        """The same on the last page there is, when fewer rows are left than the address knew."""
        return replace(self, page=min(self.page, max(1, -(-total // self.size))))


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of an address: those of one table, with its prefix taken off, and all others."""

    own: Mapping[str, str]
    others: tuple[tuple[str, str], ...]
    path: str
    prefix: str

    def link(self, changes: Mapping[str, str | int]) -> str:
        """The address of the page with some of the table's parameters changed; what is empty is left out."""
        own = {key: str(value) for key, value in {**self.own, **changes}.items() if value != ""}
        pairs = [*self.others, *((self.prefix + key, value) for key, value in own.items())]
        return self.path + (f"?{urlencode(pairs)}" if pairs else "")


def read_asked(path: str, pairs: Sequence[tuple[str, str]], columns: tuple[Column, ...], prefix: str) -> Asked:
    """Part what is asked of one table from the rest of the address."""
    names = {f"{prefix}{name}" for name in ("sort", "page", "size", "words", "export", *parameters(columns))}
    own = {key.removeprefix(prefix): value for key, value in pairs if key in names and value}
    return Asked(own, tuple(pair for pair in pairs if pair[0] not in names), path, prefix)


def read_query(own: Mapping[str, str], columns: tuple[Column, ...], order: str, locale: str = FALLBACK) -> Query:
    """The query that the parameters mean; raise `InvalidQuery` for what cannot be meant."""
    sort, descending = _read_sort(own.get("sort", order), columns)
    return Query(
        columns,
        sort,
        descending,
        page=_read_number(own, "page", 1, LAST_PAGE),
        size=_read_size(own),
        words=checked_text("words", own.get("words", "").strip()),
        export=_read_choice(own, "export", EXPORTS),
        filters=dict(_read_filters(own, columns)),
        locale=locale,
    )


def _read_sort(text: str, columns: tuple[Column, ...]) -> tuple[str, bool]:
    known = [column.key for column in columns if column.sorts]
    key = text.removeprefix("-")
    if key not in known:
        expected = f"one of {', '.join(known)}, or -{known[0]} for the other way round"
        raise InvalidQuery(parameter="sort", value=text[:50], expected=expected)
    return key, text.startswith("-")


def _read_filters(own: Mapping[str, str], columns: tuple[Column, ...]) -> Iterator[tuple[str, Filter]]:
    for column in columns:
        if (found := column.read_filter(own)) is not None:
            yield column.key, found


def _read_size(own: Mapping[str, str]) -> int:
    return int(_read_choice(own, "size", tuple(map(str, SIZES))) or SIZES[0])


def _read_choice(own: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    text = own.get(name, "")
    if text and text not in known:
        raise InvalidQuery(parameter=name, value=text[:50], expected=", ".join(known))
    return text


def _read_number(own: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = own.get(name, str(least))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise InvalidQuery(parameter=name, value=text[:50], expected=f"a number from {least} to {most}")
    return int(text)
