"""What a dry run would have changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS = 1000
"""How many rows of one dry run are kept; they are counted exactly, however many they are."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Inserted, updated and deleted rows by table, and the first of the rows themselves."""

    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    """Each with its ``table``, ``op`` (``insert``, ``update`` or ``delete``), ``old`` and ``new``."""

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __add__(self, later: "Changes") -> "Changes":
        """Both, in this order."""
        nothing = (0, 0, 0)
        counts = {
            table: tuple(
                a + b for a, b in zip(self.counts.get(table, nothing), later.counts.get(table, nothing), strict=True)
            )
            for table in {**self.counts, **later.counts}
        }
        return Changes(counts, (*self.rows, *later.rows)[:MOST_ROWS])

    @property
    def header(self) -> str:
        """The counts as ``shop_items=+1~2-0``, tables in alphabetical order."""
        return ", ".join(
            f"{table}=+{inserted}~{updated}-{deleted}"
            for table, (inserted, updated, deleted) in sorted(self.counts.items())
        )


@dataclass(frozen=True, slots=True)
class DryRun:
    """One dry request of a module, for people who want to look at what it would have changed."""

    id: str
    module: str
    platform_id: int
    status: int
    changes: Changes
