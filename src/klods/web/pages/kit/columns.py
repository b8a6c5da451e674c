"""Columns of a table: what they are called, what they hold, and what a person may look for in them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from urllib.parse import quote

from klods.errors import InvalidQuery

KINDS = ("text", "number", "date", "time", "flag")
TONES = ("calm", "good", "mild", "bad", "info")
TAKEN = frozenset({"sort", "page", "size", "words", "export"})
"""What the parameters of a table itself are called."""

LONGEST_WORDS = 200
LARGEST_NUMBER = Decimal(10) ** 30

_KEY = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Contains:
    """Keeps rows whose text holds this one, in small or capital letters."""

    text: str


@dataclass(frozen=True, slots=True)
class Equals:
    """Keeps rows that hold just this."""

    value: Any


@dataclass(frozen=True, slots=True)
class Between:
    """Keeps rows from ``low`` on and below or, unless ``short``, up to ``high``; None is no limit."""

    low: Any = None
    high: Any = None
    short: bool = False


Filter: TypeAlias = Contains | Equals | Between


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a column may be besides its key and its label."""

    kind: str = "text"
    """One of ``text``, ``number``, ``date``, ``time`` (with its day) and ``flag``."""

    link: str = ""
    """Where the cell leads, like ``/shop/{id}``; the placeholders are other values of the row."""

    choices: Mapping[str, str] = field(default_factory=dict)
    """The values there can be, with the key of each one's text; shown as badges."""

    tones: Mapping[str, str] = field(default_factory=dict)
    """How the badge of a value looks: one of ``calm``, ``good``, ``mild``, ``bad`` and ``info``."""

    sorts: bool = True
    filters: bool = False
    """Whether a person may filter by this column."""

    finds: bool = False
    """Whether the search box looks into this column."""


@dataclass(frozen=True)
class Column(Options):
    """A column: the key of its values in a row, and of its heading in the locale files."""

    key: str
    label: str = ""

    def __post_init__(self) -> None:
        if not _KEY.match(self.key) or self.key in TAKEN:
            message = (
                f"{self.key!r} cannot be the key of a column: write it like total_price, not {', '.join(sorted(TAKEN))}"
            )
            raise ValueError(message)
        if self.kind not in KINDS:
            message = f"the column {self.key!r} is of the kind {self.kind!r}; there are {', '.join(KINDS)}"
            raise ValueError(message)
        if self.link and not re.match(r"/(?!/)", self.link):
            message = f"the link of the column {self.key!r} must lead into this hub, so it begins with one slash"
            raise ValueError(message)
        if strange := {*self.tones.values()} - {*TONES}:
            message = f"the column {self.key!r} has the tone {min(strange)!r}; there are {', '.join(TONES)}"
            raise ValueError(message)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the query parameters that filter by it."""
        if not self.filters:
            return ()
        return (self.key,) if self.is_picked or self.kind == "text" else (f"{self.key}_from", f"{self.key}_to")

    @property
    def is_picked(self) -> bool:
        """Whether its filter is a choice out of a few."""
        return bool(self.choices) or self.kind == "flag"

    def href(self, row: object) -> str:
        """Where the cell of a row leads."""
        return _PLACE.sub(lambda found: quote(str(value_of(row, found[1])), safe=""), self.link)

    def read_filter(self, given: Mapping[str, str]) -> Filter | None:
        """The filter that the parameters ask for; raise `InvalidQuery` for what cannot be meant."""
        texts = [given.get(name, "").strip() for name in self.parameters]
        if not any(texts):
            return None
        if len(texts) == 1:
            return self._read_one(texts[0])
        low, high = (self._read_limit(name, text) for name, text in zip(self.parameters, texts, strict=True))
        if self.kind == "time" and high is not None:
            # The whole of the last day is meant.
            return Between(low, high + timedelta(days=1), short=True)
        return Between(low, high)

    def _read_one(self, text: str) -> Filter:
        if not self.is_picked:
            return Contains(checked_text(self.key, text))
        known = self.choices or {"yes": "", "no": ""}
        if text not in known:
            raise InvalidQuery(parameter=self.key, value=text, expected=", ".join(known))
        return Equals(text if self.choices else text == "yes")

    def _read_limit(self, name: str, text: str) -> Any:
        if not text:
            return None
        try:
            return _number(text) if self.kind == "number" else _day(text)
        except (ValueError, InvalidOperation):
            expected = "a number like 12.5" if self.kind == "number" else "a day like 2026-05-31"
            raise InvalidQuery(parameter=name, value=text[:50], expected=expected) from None


def checked_text(parameter: str, text: str) -> str:
    """A text to look for; raise `InvalidQuery` for one that no row can hold."""
    if len(text) > LONGEST_WORDS or "\0" in text:
        expected = f"at most {LONGEST_WORDS} characters of text"
        raise InvalidQuery(parameter=parameter, value=text[:50].replace("\0", "?"), expected=expected)
    return text


def value_of(row: object, key: str) -> Any:
    """What a row holds under a key, be it a mapping or an object; None where it holds nothing."""
    return row.get(key) if isinstance(row, Mapping) else getattr(row, key, None)


def as_day(value: date) -> date:
    """The day of a date or time."""
    return value.date() if isinstance(value, datetime) else value


def parameters(columns: tuple[Column, ...]) -> Iterator[str]:
    """The names of all parameters that filter."""
    for column in columns:
        yield from column.parameters


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if day == date.max:
        # There is none after it, where a filter would have to end.
        raise ValueError(text)
    return day


def _number(text: str) -> Decimal:
    number = Decimal(text.replace(",", "."))
    if not number.is_finite() or abs(number) > LARGEST_NUMBER:
        raise ValueError(text)
    return number
