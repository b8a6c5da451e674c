"""Finds, in SQL that a module brings along, commands with which it would leave its role or reach beyond its unit."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, takewhile

from klods.db.units.lexing import tokens
from klods.db.units.reach import CALLS

_BEGINNINGS = frozenset({"", ";", "begin", "then", "else", "loop"})
"""What stands before a command; ``set role`` after a table's name is an assignment to a column."""

_SESSION = frozenset(
    {"set", "reset", "discard", "listen", "unlisten", "notify", "prepare", "deallocate", "load", "do", "copy"}
)
"""What a function could leave behind on a connection that others use afterwards."""

_BEFORE_A_CALLED_NAME = frozenset({"=", ".", "function", "procedure"})
_AFTER_A_TEXT = frozenset({";", "into", "using", "loop", ")", ","})
_MAKES_A_BODY = frozenset({"do", "function", "procedure"})
_SAFE_FORMAT = re.compile(r"(?:[^%]|%(?:%|(?:\d+\$)?-?\d*[IL]))*")
_DEEPEST = 4
_SUSPECT = re.compile("|".join(["role", "authorization", "pg_settings", "u&", *map(re.escape, CALLS)]), re.IGNORECASE)


def may_escape(sql: str) -> bool:
    """Whether a text holds any of the words that an escape is made of, so that long ones are seldom read to their end."""
    return _SUSPECT.search(sql) is not None


def escapes(sql: str, depth: int = 0) -> Iterator[str]:
    """The commands and calls that change the role or reach beyond the unit, also inside quoted pieces."""
    before: list[str] = ["", "", ""]
    for token in tokens(sql):
        if found := _escape(before, token.text.lower()):
            yield found
        if depth < _DEEPEST and (inner := _unquoted(token.text)) is not None:
            yield from escapes(inner, depth + 1)
        before = [*before[1:], token.text.lower().strip('"')]


def body_escapes(body: str, depth: int = 0) -> Iterator[str]:
    """The same for what is kept in a function and called at run time: there nothing may be left on the connection."""
    words = [token.text for token in tokens(body)]
    lower = [word.lower() for word in words]
    for at, (before, word) in enumerate(zip(chain([""], lower), lower, strict=False)):
        if before in _BEGINNINGS and (word in _SESSION or lower[at : at + 2] == ["drop", "owned"]):
            yield word.upper()
        elif word == "execute":
            if (text := _constant(words[at + 1 :])) is None:
                yield "EXECUTE of a text that is put together (use format with %I and %L, or USING)"
            elif depth < _DEEPEST:
                yield from body_escapes(text, depth + 1)
    if depth == 0:
        yield from escapes(body)


def block_escapes(sql: str) -> Iterator[str]:
    """The same for the body of a DO block, or of a function that is made and may be called at once."""
    words = [token.text for token in tokens(sql)]
    if words and _MAKES_A_BODY.intersection(word.lower() for word in words[:4]):
        for body in filter(None, map(_unquoted, words)):
            yield from body_escapes(body)


def _escape(before: Sequence[str], word: str) -> str:
    *_, earlier, last = before
    if word == "role" and last == "reset":
        return "RESET ROLE"
    if word == "role" and last == "set" and earlier in _BEGINNINGS:
        return "SET ROLE"
    if word == "role" and last in {"local", "session"} and earlier == "set":
        return "SET ROLE"
    if word == "authorization" and last == "session":
        return "SESSION AUTHORIZATION"
    if word.startswith('"') and (earlier, last) == ("u", "&"):
        return 'U&"…", a name spelled in numbers'
    if word.strip('"') == "pg_settings":
        return "pg_settings"
    if word == "(" and last in CALLS:
        return last
    name = word.strip('"')
    return name if name in CALLS and last in _BEFORE_A_CALLED_NAME else ""


def _constant(words: Sequence[str]) -> str | None:
    """The text after EXECUTE, when it is one constant or a format that quotes what it is given."""
    if [word.lower() for word in words[:2]] == ["format", "("]:
        inner = sum(1 for _ in takewhile(lambda depth: depth > 0, _depths(words[1:])))
        following, text, formatted = words[inner + 2 :], words[2] if len(words) > 2 else "", True
        alone = words[3:4] in ([","], [")"])
    else:
        following, text, formatted = words[1:], words[0] if words else "", False
        alone = True
    if not (alone and text.startswith(("'", "$")) and (not following or following[0].lower() in _AFTER_A_TEXT)):
        return None
    inside = _unquoted(text)
    return None if inside is None or (formatted and not _SAFE_FORMAT.fullmatch(inside)) else inside


def _depths(words: Sequence[str]) -> Iterator[int]:
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        yield depth


def _unquoted(text: str) -> str | None:
    """What stands inside a quoted piece; None for anything else."""
    if text.startswith("'"):
        return text.strip("'").replace("''", "'")
    if text[:2].lower() == "e'":
        return text[2:].rstrip("'").replace("\\'", "'").replace("''", "'")
    if text.startswith("$") and (end := text.find("$", 1)) > 0:
        return text[end + 1 : -end - 1]
    return None
