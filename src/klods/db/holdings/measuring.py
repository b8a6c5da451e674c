"""Counts what stands in the tables of a module."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from klods.db.holdings.belongings import Belonging
from klods.db.own_connection import Connection
from klods.kernel.holdings import Table

COUNTED = 1_000_000
"""Tables with more rows are estimated, to two digits: what is shown should not change from one look to the next."""

_TABLES = """
    select c.relname as name, n.nspname as schema,
           (select coalesce(sum(greatest(p.reltuples, 0)), 0) from pg_class p
             where p.oid = c.oid or p.oid in (select relid from pg_partition_tree(c.oid) where isleaf))::bigint as guess,
           (select coalesce(sum(pg_total_relation_size(part.relid)), pg_total_relation_size(c.oid))
              from pg_partition_tree(c.oid) part)::bigint as size
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid = any(%s::oid[]) and c.relkind in ('r', 'p', 'm') and not c.relispartition
     order by 1"""


def measured(connection: Connection, mine: Sequence[Belonging]) -> tuple[Table, ...]:
    """The tables among these with their rows, counted, and their sizes."""
    found = connection.execute(_TABLES, [[it.oid for it in mine]]).fetchall()
    return tuple(_table(connection, row) for row in found)


def _table(connection: Connection, row: Mapping[str, Any]) -> Table:
    query = sql.SQL("select count(*) as rows from (select from {} limit {}) counted")
    table = sql.Identifier(row["schema"], row["name"])
    counted = connection.execute(query.format(table, sql.Literal(COUNTED + 1))).fetchone()
    rows = int((counted or {"rows": 0})["rows"])
    if rows <= COUNTED:
        return Table(row["name"], rows, row["size"])
    return Table(row["name"], _rounded(max(rows, row["guess"])), row["size"], estimated=True)


def _rounded(number: int) -> int:
    return round(number, 2 - len(str(number)))
