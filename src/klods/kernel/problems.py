"""What is wrong with modules, as values: one run reports everything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from klods.errors import InvalidDefinition


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, where it is, and what to do about it; a warning stops nothing."""

    module: str
    rule: str
    message: str
    file: str = ""
    line: int = 0
    hint: str = ""
    warning: bool = field(default=False, compare=False)

    @property
    def where(self) -> str:
        """``file:line``, or as much of it as is known."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.module}: {self.message}{place}"


class Problems:
    """An immutable, sorted collection of problems; `raise_if_any` turns it into an error."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Problem] = ()) -> None:
        self._items = tuple(sorted(set(items)))

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __add__(self, other: Iterable[Problem]) -> "Problems":
        return Problems((*self._items, *other))

    def __repr__(self) -> str:
        return f"Problems({list(map(str, self._items))})"

    def of(self, module: str) -> "Problems":
        """The problems of one module."""
        return Problems(item for item in self._items if item.module == module)

    @property
    def errors(self) -> "Problems":
        """Without the warnings."""
        return Problems(item for item in self._items if not item.warning)

    def raise_if_any(self) -> None:
        """Raise `InvalidDefinition` carrying all errors; warnings alone raise nothing."""
        if errors := self.errors:
            raise InvalidDefinition(problems="; ".join(map(str, errors)), items=tuple(errors))
