"""The port through which plans learn what modules hold."""

from collections.abc import Iterable

from klods.db.database import Database
from klods.db.holdings.archiving import find_archives
from klods.db.holdings.belongings import belongings, referrers, tables_without
from klods.db.holdings.files import stored_files
from klods.db.holdings.measuring import measured
from klods.kernel.holdings import Archive, Holder, Table


class ModuleTables:
    """What stands in the database of modules, without changing any of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, holder: Holder) -> tuple[Table, ...] | None:
        """The tables of a module and its files, counted; None when it has nothing at all in the database."""
        with self._database.connection() as connection:
            mine = belongings(connection, holder, self._database.family)
            files = stored_files(connection, holder.code)
            return (*measured(connection, mine), *files) if mine or files else None

    def referrers(self, holders: Iterable[Holder]) -> tuple[str, ...]:
        """What depends on what these modules hold and belongs to none of them, for people."""
        with self._database.connection() as connection:
            family = self._database.family
            mine = [one for holder in holders for one in belongings(connection, holder, family)]
            return referrers(connection, mine)

    def shared(self, holder: Holder) -> tuple[str, ...]:
        """The tables of a module without a column `platform_id`, whose rows all platforms would see."""
        with self._database.connection() as connection:
            return tables_without(connection, belongings(connection, holder, self._database.family), "platform_id")

    def archives(self, code: str = "") -> tuple[Archive, ...]:
        """The archives of one module, or of all; the newest first."""
        with self._database.connection() as connection:
            return find_archives(connection, code)
