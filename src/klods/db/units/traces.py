"""What a statement would leave behind on its connection, where the next module would find it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from klods.db.units.lexing import tokens

_SUSPECT = re.compile(r"set_config|advisory_lock|temp", re.IGNORECASE)
"""What every statement with a trace contains, so that few are read to their end."""

_LOCKS = frozenset(f"pg_{how}advisory_lock{shared}" for how in ("", "try_") for shared in ("", "_shared"))
_TEMPORARY = frozenset({"temp", "temporary", "pg_temp"})
_DROPPED = ("on", "commit", "drop")


class Trace(NamedTuple):
    """Something that outlives the transaction: what, why it must not, and what to do instead."""

    name: str
    reason: str
    instead: str


@lru_cache(maxsize=4096)
def trace(sql: str) -> Trace | None:
    """The first trace that the statement would leave; None when it leaves none."""
    if not _SUSPECT.search(sql):
        return None
    words = [token.text.lower().strip('"') for token in tokens(sql)]
    for at, (word, following) in enumerate(pairwise(words)):
        if following != "(":
            continue
        if word in _LOCKS:
            reason = "the lock would outlive the transaction, on a connection that others use afterwards"
            return Trace(word, reason, "Use pg_advisory_xact_lock.")
        if word == "set_config" and _last_argument(words[at + 2 :]) != ["true"]:
            reason = "the setting would outlive the transaction, on a connection that others use afterwards"
            return Trace(word, reason, "Give `true` as the third argument.")
    return _temporary(words)


def _temporary(words: Sequence[str]) -> Trace | None:
    made = words[:1] == ["create"] and not _TEMPORARY.isdisjoint(words[1:5])
    taken = words[:1] != ["insert"] and any(a == "into" and b in _TEMPORARY for a, b in pairwise(words))
    if not (made or taken) or _DROPPED in zip(words, words[1:], words[2:], strict=False):
        return None
    reason = "it would outlive the transaction and hide tables of other modules"
    return Trace("A temporary table", reason, "Add ON COMMIT DROP.")


def _last_argument(words: Sequence[str]) -> Sequence[str]:
    """The words of a call's last argument, from the words behind its opening bracket."""
    depth, begin = 0, 0
    for at, word in enumerate(words):
        if depth == 0 and word == ")":
            return words[begin:at]
        depth += (word in "([") - (word in ")]")
        begin = at + 1 if depth == 0 and word == "," else begin
    return ()
