"""What inside a statement would reach beyond its unit: calls and temporary tables that others would meet afterwards.

A server of one's own refuses these calls too (`klods.db.roles.hardening`); elsewhere this is the only fence round them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from klods.db.units.lexing import tokens


class Reach(NamedTuple):
    """Something in a statement that goes too far: what, why it must not, and what to do instead."""

    name: str
    reason: str
    instead: str


_SETTING = (
    "settings of the connection belong to the host",
    "Pass values as parameters, or keep them in a table.",
)
_LOCK = (
    "the lock would outlive the transaction, on a connection that others use afterwards",
    "Use pg_advisory_xact_lock.",
)
_NOTIFY = ("the host talks to its processes there", "Publish an event.")
_PREPARED = ("statements of other modules stand there", "Look at the server's log.")
_LARGE_OBJECT = ("large objects belong to no table, no module and no platform", "Use a column of type bytea.")
_TEXT = ("a text that is run as SQL can hide any other command", "Write the query itself.")

LOCKS = tuple(f"pg_{how}advisory_lock{shared}" for how in ("", "try_") for shared in ("", "_shared"))
LARGE_OBJECTS = (
    "lo_creat", "lo_create", "lo_from_bytea", "lo_get", "lo_import", "lo_export", "lo_open", "lo_put", "lo_unlink",
    "lo_truncate", "lo_truncate64", "lo_lseek", "lo_lseek64", "lo_tell", "lo_tell64", "lo_close", "loread", "lowrite",
)  # fmt: skip
RUNNERS = (
    "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml", "cursor_to_xmlschema",
    "ts_stat", "ts_rewrite",
    *(f"{what}_to_{form}" for what in ("table", "schema", "database") for form in ("xml", "xmlschema", "xml_and_xmlschema")),
)  # fmt: skip

CALLS: Mapping[str, tuple[str, str]] = {
    "set_config": _SETTING,
    "pg_notify": _NOTIFY,
    "pg_prepared_statement": _PREPARED,
    **dict.fromkeys((*LOCKS, "pg_advisory_unlock_all"), _LOCK),
    **dict.fromkeys(LARGE_OBJECTS, _LARGE_OBJECT),
    **dict.fromkeys(RUNNERS, _TEXT),
}
"""Functions that module code may not call: why, and what to do instead."""

_SUSPECT = re.compile(
    r"set_config|advisory_|temp|pg_notify|pg_settings|pg_prepared|\blo_|loread|lowrite|_to_xml|ts_stat|ts_rewrite|u&",
    re.IGNORECASE,
)
"""What every statement that reaches too far contains, so that few are read to their end."""

_IN_NUMBERS = frozenset({("u", "&", "'"), ("u", "&", '"')})
_TEMPORARY = frozenset({"temp", "temporary", "pg_temp"})


@lru_cache(maxsize=4096)
def reach(sql: str) -> Reach | None:
    """The first thing in the statement that goes too far; None when there is none."""
    if not _SUSPECT.search(sql):
        return None
    spelled = [token.text for token in tokens(sql)]
    if any((a.lower(), b, c[:1]) in _IN_NUMBERS for a, b, c in zip(spelled, spelled[1:], spelled[2:], strict=False)):
        return Reach('U&"…"', "a name that is spelled in numbers can be any name", "Write the name or the text itself.")
    words = [text.lower().strip('"') for text in spelled]
    for word, following in pairwise(words):
        if following == "(" and word in CALLS:
            return Reach(word, *CALLS[word])
    if {"update", "pg_settings"} <= set(words):
        return Reach("UPDATE pg_settings", *_SETTING)
    if "pg_prepared_statements" in words:
        return Reach("pg_prepared_statements", *_PREPARED)
    return _temporary(words)


def _temporary(words: Sequence[str]) -> Reach | None:
    begun = words.index("create") if "create" in words else len(words)  # also behind EXPLAIN ANALYZE
    made = not _TEMPORARY.isdisjoint(words[begun + 1 : begun + 5])
    taken = words[:1] != ["insert"] and any(a == "into" and b in _TEMPORARY for a, b in pairwise(words))
    if not (made or taken):
        return None
    reason = "it could hide a table of the same name"
    return Reach("A temporary table", reason, "Use WITH …, or a table of your own.")
