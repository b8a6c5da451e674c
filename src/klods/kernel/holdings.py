"""What a module holds in the database, as plans and pages show it: its tables, and archives of tables set aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

FILES = "stored files"
"""What stands in the place of a table's name for all files of a module together."""


class Holder(NamedTuple):
    """Whose tables: a module's code, and how the names of its tables begin."""

    code: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table, as it was when somebody looked."""

    name: str
    rows: int
    size: int
    """In bytes, with indexes and what is kept out of line."""

    estimated: bool = False
    """Whether the rows are too many to be counted while somebody waits."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The tables of a module, set aside as they were on a day."""

    id: int
    holder: Holder
    at: datetime
    version: str
    content_hash: str
    revision: str
    """The migration at which the tables stand; empty for none."""

    tables: tuple[Table, ...] = ()

    @property
    def counted(self) -> tuple[int, int, int]:
        """How many tables, rows in them, and files."""
        tables = [table for table in self.tables if table.name != FILES]
        rows = sum(table.rows for table in tables)
        return len(tables), rows, sum(table.rows for table in self.tables if table.name == FILES)
