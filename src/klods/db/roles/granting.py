"""Gives a module exactly the rights on tables of others that both sides agree on, and takes back what they no longer do."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import psycopg
from psycopg import sql

from klods.db.own_connection import Connection
from klods.db.role_family import RoleFamily
from klods.db.units.reasons import first_line
from klods.errors import GrantFailed
from klods.kernel.grants import Grant, Kind

_HELD = """
    select pg_get_userbyid(x.grantee) as role, x.privilege_type as privilege, c.relname as table, a.attname as column
      from pg_attribute a join pg_class c on c.oid = a.attrelid, lateral aclexplode(a.attacl) x
     where a.attacl is not null and c.relnamespace = 'public'::regnamespace and not a.attisdropped
       and pg_get_userbyid(x.grantee) = any(%s) and c.relowner <> to_regrole(quote_ident(%s))"""


class Held(NamedTuple):
    """One right of one role on one column."""

    role: str
    privilege: str
    table: str
    column: str


def settle_grants(connection: Connection, family: RoleFamily, reader: str, grants: Iterable[Grant]) -> None:
    """Let the module hold these rights on tables of others and no more; raise `GrantFailed` for what is not there."""
    rows = connection.execute(_HELD, [list(family.of(reader)), family.owner(reader)])
    held = {Held(row["role"], row["privilege"], row["table"], row["column"]) for row in rows}
    wanted = {right: grant for grant in grants for right in _rights(family, grant)}
    for right in sorted(held - wanted.keys()):
        connection.execute(_statement("revoke {} ({}) on {} from {}", right))
    for right in sorted(wanted.keys() - held):
        try:
            connection.execute(_statement("grant {} ({}) on {} to {}", right))
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
            grant = wanted[right]
            raise GrantFailed(module=grant.owner, grant=str(grant), reason=first_line(error)) from error


def _rights(family: RoleFamily, grant: Grant) -> Iterator[Held]:
    """A foreign key is made by the owner; rows are read by all three, because views ask for their owner's rights too."""
    owner, *others = family.of(grant.reader)
    roles = [owner] if grant.kind is Kind.REFERENCE else [owner, *others]
    privilege = "REFERENCES" if grant.kind is Kind.REFERENCE else "SELECT"
    for role in roles:
        for column in grant.columns:
            yield Held(role, privilege, grant.table, column)


def _statement(text: str, right: Held) -> sql.Composed:
    names = sql.Identifier(right.column), sql.Identifier("public", right.table), sql.Identifier(right.role)
    return sql.SQL(text).format(sql.SQL(right.privilege), *names)
