"""What a module offers to pages of others: panels, and results of a search."""

from dataclasses import dataclass

SEARCH = "klods.search"
"""The place where results of the search box are shown."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A panel of a module, for every page that has the place."""

    place: str
    path: str
    """Below the module's own pages."""

    title: str
    """As the key of a text of the module."""

    order: int = 100
