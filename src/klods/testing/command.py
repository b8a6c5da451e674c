"""A scope for tests: open from the start, connected only when the test asks the database something."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from klods.db.database import Database
from klods.db.scope import Scope, ScopeKind, enter
from klods.db.units.opening import Opening
from klods.db.units.unit import Unit
from klods.kernel.ports import Blobs


class LateDatabase:
    """Stands in for a database that is made when the first unit is asked for."""

    def __init__(self, make: Callable[[], Database]) -> None:
        self._make = make

    def unit(self, opening: Opening) -> Unit:
        """A unit of the real database."""
        return self._make().unit(opening)

    def in_role(self, opening: Opening) -> Opening:
        """The opening in the role of its module."""
        return self._make().in_role(opening)

    @property
    def blobs(self) -> Blobs | None:
        """Where the contents of files stand."""
        return self._make().blobs

    @property
    def mail_waits(self) -> threading.Event:
        """Set when mail is kept."""
        return self._make().mail_waits


@contextmanager
def lazy_scope(make: Callable[[], Database], module: str = "") -> Iterator[Scope]:
    """Let a command's scope be the current one; nothing it did is kept."""
    scope = Scope(cast("Database", LateDatabase(make)), module, kind=ScopeKind.COMMAND)
    with enter(scope):
        try:
            yield scope
        finally:
            scope.end(keep=False)
