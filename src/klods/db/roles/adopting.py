"""Hands over what modules built before they had roles: in an older hub, or on a server that allowed none until now."""

import logging
from collections.abc import Iterable, Iterator

from psycopg import sql

from klods.db.database import Database
from klods.db.own_connection import Connection, own_transaction
from klods.db.role_family import RoleFamily
from klods.db.roles.land import Land
from klods.db.roles.making import missing_roles, remember_roles
from klods.kernel.definition import ModuleDefinition

log = logging.getLogger(__name__)

LOCK_SECONDS = 30.0
_OF_THE_HOST = """
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
           when 'f' then 'foreign table' else 'table' end as kind, c.oid::regclass::text as spelled, c.relname as name
      from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relowner = current_user::regrole
       and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                          and d.deptype in ('a', 'i', 'e'))
     union all
    select 'routine', p.oid::regprocedure::text, p.proname from pg_proc p
     where p.pronamespace = 'public'::regnamespace and p.proowner = current_user::regrole
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
     union all
    select 'type', t.oid::regtype::text, t.typname from pg_type t
     where t.typnamespace = 'public'::regnamespace and t.typowner = current_user::regrole and t.typelem = 0
       and (t.typrelid = 0 or (select relkind from pg_class where oid = t.typrelid) = 'c') and t.typtype <> 'm'"""
_SUSPECT = """
    select exists (select from unnest(%s::text[]) role(role) where to_regrole(quote_ident(role)) is null
                       or not exists (select from klods.module_role known where known.role = role.role))
        or exists (select from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
                      and relowner = current_user::regrole) as suspect"""


def needs_adoption(database: Database, codes: Iterable[str]) -> bool:
    """Whether one of these modules has no roles, or the host itself owns something where modules build."""
    family = database.family
    if family is None:
        return False
    writers = [family.writer(code) for code in codes]
    with database.connection() as connection:
        row = connection.execute(_SUSPECT, [writers]).fetchone()
    return bool(row and row["suspect"])


def adopt(database: Database, definitions: Iterable[ModuleDefinition]) -> tuple[str, ...]:
    """Give modules that lack them their roles and what stands under their prefix; return their codes."""
    family = database.family
    if family is None:
        return ()
    definitions = [*definitions]
    with own_transaction(database, LOCK_SECONDS) as connection:
        for definition in definitions:
            remember_roles(connection, family, definition.code)
    wanting = [definition for definition in definitions if _wants(database, family, definition)]
    for definition in wanting:
        with own_transaction(database, LOCK_SECONDS) as connection:
            _hand_over(connection, family, definition)
        log.info("%s has database roles of its own now", definition.code)
    return tuple(definition.code for definition in wanting)


def _wants(database: Database, family: RoleFamily, definition: ModuleDefinition) -> bool:
    with database.connection() as connection:
        return bool(missing_roles(connection, family, definition.code)) or any(
            _under(connection, definition.table_prefix)
        )


def _hand_over(connection: Connection, family: RoleFamily, definition: ModuleDefinition) -> None:
    land = Land(connection, definition.holder, family)
    with land.open():
        for kind, spelled in _under(connection, definition.table_prefix):
            statement = sql.SQL(f"alter {kind} {spelled} owner to {{}}")  # both as the server itself spells them
            connection.execute(statement.format(sql.Identifier(land.owner)))


def _under(connection: Connection, prefix: str) -> Iterator[tuple[str, str]]:
    rows = connection.execute(_OF_THE_HOST).fetchall()
    return ((row["kind"], row["spelled"]) for row in rows if row["name"].startswith(prefix))
