"""What a module has stored as files goes the way of its tables."""

from klods.db.own_connection import Connection
from klods.kernel.holdings import FILES, Table

_COUNTED = """
    select count(*)::int as rows, coalesce(sum(size), 0)::bigint as size from klods.stored_file where module = %s"""


def stored_files(connection: Connection, module: str) -> tuple[Table, ...]:
    """All files of a module as one line beside its tables; nothing when it has none."""
    found = connection.execute(_COUNTED, [module]).fetchone()
    return (Table(FILES, found["rows"], found["size"]),) if found and found["rows"] else ()


def rename_keeper(connection: Connection, before: str, after: str) -> None:
    """Let files belong to another module or archive."""
    connection.execute("update klods.stored_file set module = %s where module = %s", [after, before])


def forget_files(connection: Connection, module: str) -> None:
    """Let files belong to nobody; their contents are removed when a hub starts, after a day."""
    connection.execute("delete from klods.stored_file where module = %s", [module])
