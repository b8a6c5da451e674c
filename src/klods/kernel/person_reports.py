"""What came of asking modules and the hub about a person: a section for each, with its reason where there is no answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from klods.errors import KlodsError
from klods.kernel.personal import Kept
from klods.kernel.platforms import Platform
from klods.kernel.subject import Subject

HOST = "klods"
"""Under what code the hub's own data stands in a report."""

Found = Mapping[str, Sequence[Mapping[str, Any]]]
Counts = Mapping[str, Sequence[int]]
"""Inserted, updated and deleted rows, by table."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody's data is looked for."""

    platforms: tuple[Platform, ...]
    hub_wide: bool = False
    """Whether accounts for all platforms are meant too."""

    sees_all: bool = False
    """Whether the asker may know of such accounts."""

    @property
    def ids(self) -> list[int]:
        """The numbers of the platforms."""
        return [platform.id for platform in self.platforms]


def reach_of(subject: Subject, platforms: Sequence[Platform], here: Platform, *, everywhere: bool = False) -> Reach:
    """How far somebody reaches: on one platform or on all, and to the accounts of all where nothing is left out by that."""
    wanted = tuple(platforms) if everywhere else (here,)
    return Reach(wanted, subject.is_everywhere and len(wanted) == len(platforms), subject.is_everywhere)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure changed, and what it left."""

    changes: Counts = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What one module, or the hub itself, answered; with a ``problem`` nothing was exported or erased there."""

    module: str
    name: str
    platform: str = ""
    """The code of the platform; empty for what belongs to no single one."""

    found: Found = field(default_factory=dict)
    changes: Counts = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
    problem: KlodsError | None = None

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows are held, by what they are."""
        return {name: len(rows) for name, rows in self.found.items() if rows}

    @property
    def changed(self) -> int:
        """How many rows were changed or deleted."""
        return sum(sum(counts) for counts in self.changes.values())

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to say."""
        return not (self.rows or self.changed or self.kept or self.problem)


@dataclass(frozen=True, slots=True)
class Report:
    """All sections about one person."""

    email: str
    sections: tuple[Section, ...]

    @property
    def unanswered(self) -> tuple[Section, ...]:
        """The sections that have a reason instead of an answer."""
        return tuple(section for section in self.sections if section.problem)

    @property
    def is_complete(self) -> bool:
        """Whether everybody answered who was to be asked."""
        return not self.unanswered


def problem_data(error: KlodsError | None) -> dict[str, str] | None:
    """An error as data: its name, what it says, and what to do."""
    return {"error": error.code, "message": str(error), "hint": error.advice} if error else None


def export_data(report: Report) -> dict[str, Any]:
    """An export as JSON values: what is handed to the person."""
    sections = [
        {
            "module": it.module,
            "name": it.name,
            "platform": it.platform,
            "data": it.found,
            "problem": problem_data(it.problem),
        }
        for it in report.sections
    ]
    return {"email": report.email, "complete": report.is_complete, "sections": sections}


def erasure_data(report: Report, *, dry: bool) -> dict[str, Any]:
    """An erasure as JSON values."""
    return {
        "email": report.email,
        "dry_run": dry,
        "complete": report.is_complete,
        "sections": [_erased_data(it) for it in report.sections],
    }


def _erased_data(it: Section) -> dict[str, Any]:
    words = ("inserted", "updated", "deleted")
    return {
        "module": it.module,
        "name": it.name,
        "platform": it.platform,
        "changes": {table: dict(zip(words, counts, strict=True)) for table, counts in it.changes.items()},
        "kept": [{"what": one.what, "rows": one.rows, "why": one.why} for one in it.kept],
        "problem": problem_data(it.problem),
    }
