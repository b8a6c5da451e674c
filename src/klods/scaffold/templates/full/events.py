"""What other modules may hear about this one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ItemArchived:
    """An item was set aside, or taken back when `archived` is false."""

    item_id: int
    archived: bool = True
