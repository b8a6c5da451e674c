"""What the log remembers of actions: who did what to which modules, and which processes had followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from klods.kernel.plan import Do, Step

DONE = "done"
_KINDS = frozenset(do.value for do in Do)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Which processes acted by a generation when an action was answered, and how long they were waited for."""

    generation: int
    followed: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Turned:
    """How one module stood before an action and after it."""

    code: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One action, with everything it did; `undoes` and `undone_by` are numbers of other entries."""

    id: int
    at: datetime
    actor: str
    action: str
    code: str
    platform_id: int
    outcome: str
    why: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Turned, ...] = ()
    undoes: int | None = None
    undone_by: int | None = None
    acknowledgement: Acknowledgement | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """What it did, in order; kinds of steps that are not known any more are left out."""
        known = (it for it in self.plan.get("steps", ()) if it["do"] in _KINDS)
        return tuple(
            Step(Do(it["do"]), it["code"], tuple(it.get("revisions", ())), it.get("before", ""), it.get("after", ""))
            for it in known
        )


class Log(Protocol):
    """The log of modules, to be read."""

    def find(self, entry: int) -> Entry:
        """An entry by its number; raise `NoSuchEntry`."""

    def read(
        self, *, code: str = "", platform_id: int | None = None, after: int = 0, most: int | None = None
    ) -> tuple[Entry, ...]:
        """The newest entries, the newest first: about a module, on a platform, later than an entry, at most so many."""


def in_effect(newest_first: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that were done and not undone since; an undo that was itself undone counts for nothing."""
    undone: set[int | None] = set()
    kept = []
    for entry in newest_first:
        if entry.outcome == DONE and entry.id not in undone:
            undone.add(entry.undoes)
            kept.append(entry)
    return tuple(kept)


def acts_since(entry: Entry, later: Iterable[Entry]) -> tuple[Entry, ...]:
    """What was done after an entry; to undo something that was done after it as well leaves nothing behind."""
    return tuple(it for it in later if it.undoes is None or it.undoes <= entry.id)
