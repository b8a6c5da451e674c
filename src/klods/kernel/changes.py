"""What a dry run would have changed, and what would have gone out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

MOST_ROWS = 1000
"""How many rows of one dry run are kept; they are counted exactly, however many they are."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something that a dry run kept from going out."""

    kind: str
    """``http``, ``mail`` or ``file``."""

    op: str
    """The HTTP method, ``send``, ``write`` or ``delete``."""

    target: str
    """The address, the recipients or the path."""

    size: int | None = None
    """Bytes of the body, the message or the file; None for what is sent in pieces."""

    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """Inserted, updated and deleted rows by table, the first of the rows themselves, and what would have gone out."""

    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()
    """Each with its ``table``, ``op`` (``insert``, ``update`` or ``delete``), ``old`` and ``new``."""

    outgoing: Sequence[Outgoing] = ()

    def __bool__(self) -> bool:
        return bool(self.counts or self.outgoing)

    def __add__(self, later: "Changes") -> "Changes":
        """Both, in this order."""
        nothing = (0, 0, 0)
        counts = {
            table: tuple(
                a + b for a, b in zip(self.counts.get(table, nothing), later.counts.get(table, nothing), strict=True)
            )
            for table in {**self.counts, **later.counts}
        }
        outgoing = (*self.outgoing, *later.outgoing)[:MOST_ROWS]
        return Changes(counts, (*self.rows, *later.rows)[:MOST_ROWS], outgoing)

    @property
    def header(self) -> str:
        """The counts as ``shop_items=+1~2-0, mail=1``: tables in alphabetical order, then kinds of what would go out.

        What a header cannot hold of a name is written as in an address, with ``%``.
        """
        tables = (
            f"{quote(table, safe='')}=+{inserted}~{updated}-{deleted}"
            for table, (inserted, updated, deleted) in sorted(self.counts.items())
        )
        kinds = sorted(Counter(one.kind for one in self.outgoing).items())
        return ", ".join([*tables, *(f"{kind}={count}" for kind, count in kinds)])


@dataclass(frozen=True, slots=True)
class DryRun:
    """One dry request of a module, for people who want to look at what it would have changed."""

    id: str
    module: str
    platform_id: int
    status: int
    changes: Changes
