"""A scope for tests: open from the start, connected only when the test asks the database something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from klods.db.database import Database
from klods.db.scope import Scope, ScopeKind, enter
from klods.db.units.opening import Opening
from klods.db.units.unit import Unit


class LateDatabase:
    """Stands in for a database that is made when the first unit is asked for."""

    def __init__(self, make: Callable[[], Database]) -> None:
        self._make = make

    def unit(self, opening: Opening) -> Unit:
        """A unit of the real database."""
        return self._make().unit(opening)


@contextmanager
def lazy_scope(make: Callable[[], Database], module: str = "") -> Iterator[Scope]:
    """Let a command's scope be the current one; nothing it did is kept."""
    scope = Scope(cast("Database", LateDatabase(make)), module, kind=ScopeKind.COMMAND)
    with enter(scope):
        try:
            yield scope
        finally:
            scope.end(keep=False)
