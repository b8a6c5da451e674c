"""The values that other modules take from this one and give to it: plain, frozen, and only ever extended."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ItemSummary:
    """What other modules need to know about an item."""

    id: int
    name: str
