"""The units of this process that will be kept, by the modules they work for: whoever holds a module waits for them."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from klods.errors import HeldMeanwhile

Held = Callable[[str, int], bool]
"""Whether nothing of a module may be kept on a platform."""


class Stoppable(Protocol):
    """What a unit is to those who wait for it."""

    def cancel(self, reason: HeldMeanwhile | None = None) -> None:
        """End it from another thread, and keep nothing."""


class Ongoing:
    """Knows every live unit from its beginning to its end.

    A unit is noted before it asks for the switches, and a module is held before its units are looked for: so there is
    none that neither knows of the other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._places: dict[Stoppable, set[tuple[str, int]]] = {}

    def note(self, unit: Stoppable, module: str, platform_id: int) -> bool:
        """A unit will keep what it does for a module; False when that was known."""
        with self._changed:
            places = self._places.setdefault(unit, set())
            known = (module, platform_id) in places
            places.add((module, platform_id))
            return not known

    def take_back(self, unit: Stoppable, module: str, platform_id: int) -> None:
        """It will not do that after all."""
        with self._changed:
            self._places.get(unit, set()).discard((module, platform_id))
            self._changed.notify_all()

    def end(self, unit: Stoppable) -> None:
        """The unit has ended; safe to say twice."""
        with self._changed:
            if self._places.pop(unit, None) is not None:
                self._changed.notify_all()

    def settle(self, held: Held, seconds: float) -> int:
        """Wait for units that work live for what is held now, and stop those that are still at it; return how many were.

        When this returns none of them will be kept any more, and units of other modules have not noticed anything.
        """
        end = monotonic() + seconds
        with self._changed:
            while (left := self._of(held)) and (pause := end - monotonic()) > 0:
                self._changed.wait(pause)
        for unit, module in left.items():
            unit.cancel(HeldMeanwhile(module=module))
            self.end(unit)
        return len(left)

    def _of(self, held: Held) -> dict[Stoppable, str]:
        return {
            unit: module
            for unit, places in self._places.items()
            for module, platform_id in places
            if held(module, platform_id)
        }
