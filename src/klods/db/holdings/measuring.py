"""Counts what stands in the tables of a module."""

from collections.abc import Sequence

from psycopg import sql

from klods.db.holdings.belongings import Belonging
from klods.db.own_connection import Connection
from klods.kernel.holdings import Table

_TABLES = """
    select c.relname as name, n.nspname as schema,
           (select coalesce(sum(pg_total_relation_size(part.relid)), pg_total_relation_size(c.oid))
              from pg_partition_tree(c.oid) part)::bigint as size
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = any(%s::oid[]) and c.relkind in ('r', 'p', 'm') and not c.relispartition
     order by 1"""


def measured(connection: Connection, mine: Sequence[Belonging]) -> tuple[Table, ...]:
    """The tables among these with their rows, counted, and their sizes."""
    found = connection.execute(_TABLES, [[it.oid for it in mine]]).fetchall()
    return tuple(Table(row["name"], _rows(connection, row["schema"], row["name"]), row["size"]) for row in found)


def _rows(connection: Connection, schema: str, name: str) -> int:
    query = sql.SQL("select count(*) as rows from {}").format(sql.Identifier(schema, name))
    return int((connection.execute(query).fetchone() or {"rows": 0})["rows"])
