"""Personal data: whom it is about, what modules say about it, and what their code answered, made plain."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic_core import to_json

from klods.errors import InvalidPerson, StrangeAnswer

MOST_ROWS = 100_000
"""In one list of an answer: what goes on without an end must not fill the memory."""

LONGEST_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is known by a mail address, however its letters were written; raises `InvalidPerson`."""

    email: str
    """In small letters: compare it with ``lower(email)``."""

    user_ids: tuple[int, ...] = ()
    """The accounts of the hub with that address."""

    def __post_init__(self) -> None:
        email = self.email.strip().lower()
        if reason := _why_nobody(email):
            raise InvalidPerson(reason=reason)
        object.__setattr__(self, "email", email)
        object.__setattr__(self, "user_ids", tuple(self.user_ids))


@dataclass(frozen=True, slots=True)
class Kept:
    """What an erasure leaves, how many rows, and why: a law that demands it, or what others need."""

    what: str
    rows: int
    why: str


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of a table go when a date or time in them is older than so many days; with ``clear`` only these columns are emptied."""

    table: str
    column: str
    days: int
    clear: tuple[str, ...] = ()
    why: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "clear", _columns(self.clear))
        texts = (self.table, self.column, self.why, *self.clear)
        if not all(isinstance(text, str) for text in texts) or type(self.days) is not int:
            raise TypeError(f"a retention rule is made of texts and a whole number of days, unlike {self!r}")


def exported(module: str, answer: object) -> dict[str, list[dict[str, Any]]]:
    """What `export_person` returned, as JSON values; raise `StrangeAnswer` unless it is a mapping of lists of rows."""
    if not isinstance(answer, Mapping):
        reason = f"export_person returned {_kind(answer)}, and should return a mapping of names to lists of rows"
        raise StrangeAnswer(module=module, reason=reason)
    found = {}
    for name, rows in answer.items():
        if not isinstance(name, str):
            raise StrangeAnswer(module=module, reason=f"export_person named a list of rows with {_kind(name)}")
        found[_whole(name)] = [_row(module, name, row) for row in _list(module, f"{name!r} of export_person", rows)]
    return found


def kept(module: str, answer: object) -> tuple[Kept, ...]:
    """What `erase_person` returned; raise `StrangeAnswer` unless it is nothing, or all of it is `Kept` with a reason."""
    if answer is None:
        return ()
    found = _list(module, "the answer of erase_person", answer)
    for one in found:
        if not isinstance(one, Kept) or not _is_sound(one):
            reason = f"erase_person returned {_kind(one)}, and should return Kept(what, rows, why) or nothing"
            raise StrangeAnswer(module=module, reason=reason)
    return tuple(Kept(_whole(one.what), one.rows, _whole(one.why)) for one in found)


def _columns(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):
        raise TypeError(f"clear of a retention rule must be a list of columns, not {values!r}")
    return tuple(values)


def _why_nobody(email: str) -> str:
    name, _, domain = email.rpartition("@")
    if not email:
        return "it is empty"
    if len(email) > LONGEST_ADDRESS:
        return f"it is longer than {LONGEST_ADDRESS} characters"
    if not (name and domain and email.isprintable()) or any(char.isspace() for char in email):
        return "it is not written like anna@example.com"
    return ""


def _list(module: str, what: str, rows: object) -> list[Any]:
    if isinstance(rows, (str, bytes, bytearray, Mapping)) or not isinstance(rows, Iterable):
        raise StrangeAnswer(module=module, reason=f"{what} is {_kind(rows)}, and should be a list")
    found = list(islice(rows, MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise StrangeAnswer(module=module, reason=f"{what} has more than {MOST_ROWS} rows")
    return found


def _row(module: str, name: str, row: object) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise StrangeAnswer(module=module, reason=f"{name!r} of export_person has {_kind(row)} where a row belongs")
    try:
        plain: dict[str, Any] = json.loads(to_json(dict(row), inf_nan_mode="strings", bytes_mode="base64"))
    except (ValueError, RecursionError) as error:
        reason = f"a row under {name!r} of export_person cannot be written as JSON: {' '.join(str(error).split())}"
        raise StrangeAnswer(module=module, reason=_whole(reason)) from error
    return plain


def _is_sound(one: Any) -> bool:
    counted = type(one.rows) is int and one.rows >= 0
    return counted and isinstance(one.what, str) and isinstance(one.why, str) and bool(one.what and one.why)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _whole(text: str) -> str:
    """The text without what no encoding can carry."""
    return text.encode("utf-8", "replace").decode()
