"""Finds, in SQL that a module brings along, commands with which it would leave its role."""

from collections.abc import Iterator

from klods.db.units.lexing import tokens

_BEGINNINGS = frozenset({"", ";", "begin", "then", "else", "loop"})
"""What stands before a command; ``set role`` after a table's name is an assignment to a column."""

_DEEPEST = 4


def escapes(sql: str, depth: int = 0) -> Iterator[str]:
    """The commands and calls that change the role or a setting of the session, also inside quoted pieces."""
    before: list[str] = ["", ""]
    for token in tokens(sql):
        word = token.text.lower()
        if found := _escape(before, word):
            yield found
        if depth < _DEEPEST and (inner := _unquoted(token.text)) is not None:
            yield from escapes(inner, depth + 1)
        before = [*before, word.strip('"')][-3:]


def _escape(before: list[str], word: str) -> str:
    *_, earlier, last = before
    if word == "role" and last == "reset":
        return "RESET ROLE"
    if word == "role" and last == "set" and earlier in _BEGINNINGS:
        return "SET ROLE"
    if word == "role" and last in {"local", "session"} and earlier == "set":
        return "SET ROLE"
    if word == "authorization" and last == "session":
        return "SESSION AUTHORIZATION"
    return "set_config" if word == "(" and last == "set_config" else ""


def _unquoted(text: str) -> str | None:
    """What stands inside a quoted piece; None for anything else."""
    if text.startswith("'"):
        return text.strip("'").replace("''", "'")
    if text[:2].lower() == "e'":
        return text[2:].rstrip("'").replace("\\'", "'").replace("''", "'")
    if text.startswith("$") and (end := text.find("$", 1)) > 0:
        return text[end + 1 : -end - 1]
    return None
