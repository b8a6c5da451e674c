"""The little of SQL's spelling that must be known to look at a statement without parsing it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_BLANK = re.compile(r"[\s\ufeff]+|--[^\n\r]*")
_WORD = re.compile(r"[A-Za-z_\u0080-\uffff][\w$]*")
_QUOTED = re.compile(r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?")
_ESCAPED = re.compile(r"[eE]'(?:[^'\\]|\\.|'')*'?", re.DOTALL)
_DOLLAR = re.compile(r"\$(?:[A-Za-z_\u0080-\uffff][\w]*)?\$")
_PARAMETER = re.compile(r"%(?:\([^)]*\))?[sbt%]")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """A word, a quoted piece or a single sign, and where it ends; comments and blanks are none."""

    text: str
    end: int


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of an SQL text; what is not closed reaches to the end."""
    at = 0
    while (at := _skip_blank(sql, at)) < len(sql):
        end = _end_of_token(sql, at)
        yield Token(sql[at:end], end)
        at = end


def _skip_blank(sql: str, at: int) -> int:
    while at < len(sql):
        if blank := _BLANK.match(sql, at):
            at = blank.end()
        elif sql.startswith("/*", at):
            at = _end_of_comment(sql, at)
        else:
            break
    return at


def _end_of_comment(sql: str, at: int) -> int:
    """PostgreSQL's comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, at):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def _end_of_token(sql: str, at: int) -> int:
    for pattern in (_ESCAPED, _WORD, _QUOTED, _PARAMETER):
        if found := pattern.match(sql, at):
            return found.end()
    if mark := _DOLLAR.match(sql, at):
        closing = sql.find(mark.group(), mark.end())
        return len(sql) if closing < 0 else closing + len(mark.group())
    return at + 1
