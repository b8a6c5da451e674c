"""The little of SQL's spelling that must be known to look at a statement without parsing it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# Blanks and letters are PostgreSQL's own: to it a non-breaking space or an emoji is a letter.
_BLANK = re.compile(r"[ \t\n\r\f\v]+|--[^\n\r]*")
_WORD = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*")
_QUOTED = re.compile(r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?")
_PIECE = r"'(?:[^'\\]|\\.|'')*"
_NEXT_LINE = r"'(?:[ \t\f]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*"
_ESCAPED = re.compile(rf"[eE]{_PIECE}(?:{_NEXT_LINE}{_PIECE})*'?", re.DOTALL)  # it goes on after an end of line
_DOLLAR = re.compile(r"\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?\$")
_PARAMETER = re.compile(r"%(?:\([^)'\"$/-]*\))?[sbt%]")
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
