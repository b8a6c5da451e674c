"""Which statements module code may send: not those that would end, split or re-dress the unit's transaction."""

from collections.abc import Mapping
from functools import lru_cache

from klods.db.units.lexing import tokens
from klods.db.units.reach import reach
from klods.errors import ForbiddenStatement

_EDGE = "the transaction is ended by the edge, never from inside", "Raise an error to undo everything."
_SAVEPOINT = "savepoints are kept by Klods", "Use `with klods.savepoint():`."
_SESSION = "it changes the connection, which others use afterwards", "Leave the connection as it is."
_BLOCK = "a block can hide any other command", "Make a function in a migration and call that."
_RIGHTS = (
    "rights on tables are given when a module is installed",
    "Name the table in exports, and in reads of the other.",
)
_ROLES = "roles belong to the host", "Leave them as they are."
_ABOUT_ROLES = frozenset(
    {("alter", "role"), ("alter", "user"), ("alter", "group"), ("drop", "owned"), ("reassign", "owned")}
)
_COPY = "rows cannot be streamed through a statement", "Use INSERT … SELECT unnest(…), or execute_insert."

FORBIDDEN: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("begin", "start", "commit", "end", "rollback", "abort", "prepare"), _EDGE),
    **dict.fromkeys(("savepoint", "release"), _SAVEPOINT),
    **dict.fromkeys(
        ("set", "reset", "discard", "listen", "unlisten", "notify", "deallocate", "declare", "load"), _SESSION
    ),
    **dict.fromkeys(("grant", "revoke"), _RIGHTS),
    "do": _BLOCK,
    "copy": _COPY,
}
"""First keywords that are refused: why, and what to do instead."""


@lru_cache(maxsize=4096)
def first_keyword(sql: str) -> str:
    """The first word of the statement in lower case, past blanks, comments and empty statements; else empty."""
    for token in tokens(sql):
        if token.text != ";":
            return token.text.lower()
    return ""


@lru_cache(maxsize=4096)
def _changes_a_role(sql: str) -> bool:
    """Whether it is about roles: each may change settings of its own, which would stay, and drop all that it owns."""
    words = (token.text.lower() for token in tokens(sql) if token.text != ";")
    return (next(words, ""), next(words, "")) in _ABOUT_ROLES


def refuse_control(sql: str) -> None:
    """Raise `ForbiddenStatement` when the statement would take control of the transaction or the connection."""
    if verdict := FORBIDDEN.get(keyword := first_keyword(sql)):
        reason, instead = verdict
        raise ForbiddenStatement(keyword=keyword.upper(), reason=reason, instead=instead)
    if keyword in {"alter", "drop", "reassign"} and _changes_a_role(sql):
        reason, instead = _ROLES
        raise ForbiddenStatement(keyword=f"{keyword.upper()} of a role", reason=reason, instead=instead)
    if found := reach(sql):
        raise ForbiddenStatement(keyword=found.name, reason=found.reason, instead=found.instead)


def refuse_ending(sql: str) -> None:
    """Raise `ForbiddenStatement` when any of the statements in the text would begin or end a transaction."""
    fresh, depth = True, 0
    for token in tokens(sql):
        word = token.text.lower()
        if fresh and depth == 0 and FORBIDDEN.get(word) is _EDGE:
            raise ForbiddenStatement(keyword=word.upper(), reason=_EDGE[0], instead=_EDGE[1])
        depth = max(0, depth + (word in ("atomic", "case")) - (word == "end"))  # BEGIN ATOMIC …; END of a function
        fresh = word == ";"
