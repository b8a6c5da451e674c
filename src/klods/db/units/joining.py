"""A unit inside somebody else's transaction, as the hooks of a module have it while the module is switched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import DictRow, dict_row

from klods.db.units.opening import Frame, Opening
from klods.errors import NoDatabase

if TYPE_CHECKING:
    from klods.db.units.session import SessionUnit, UnitSession


class Guest:
    """Lends the connection of an open transaction, and leaves it as it was."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection: psycopg.Connection[DictRow] = connection

    def frame(self, opening: Opening) -> Frame:
        """The frame of a joined unit; the transaction's own settings are read now, to be put back."""
        return Frame.joined(opening, self._present(opening.restored()))

    def take(self) -> psycopg.Connection[DictRow]:
        """The connection of the transaction; raise `NoDatabase` when it was lost."""
        if self._connection.closed:
            raise NoDatabase(reason="the connection of the transaction was lost")
        return self._connection

    def give_back(self, connection: psycopg.Connection[DictRow], *, spoiled: bool) -> None:
        """Nothing: it was not ours."""

    def new_session(self, unit: "SessionUnit") -> "UnitSession":
        """A Session on an engine of its own."""
        from klods.db.units.session import engine_for, open_session

        return open_session(engine_for(unit), unit)

    def forget_plans(self) -> None:
        """Nothing: the connection is its owner's."""

    def _present(self, names: tuple[str, ...]) -> Mapping[str, str]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                "select name, coalesce(current_setting(name, true), '') as value from unnest(%s::text[]) as name",
                [list(names)],
            )
            return {row["name"]: row["value"] for row in cursor}
