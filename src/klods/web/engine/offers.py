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

    def __post_init__(self) -> None:
        # Every page of the hub reads it, so what is wrong with it must fail the module that made it.
        if not all(type(text) is str for text in (self.place, self.path, self.title)) or type(self.order) is not int:
            message = f"the panel {self.path!r} needs a place and a title as texts, and its order as a whole number"
            raise TypeError(message)
