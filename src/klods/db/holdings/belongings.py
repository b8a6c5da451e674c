"""Finds everything that belongs to a module in a schema, and who outside of that depends on it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from psycopg import sql

from klods.db.own_connection import Connection
from klods.db.role_family import RoleFamily
from klods.kernel.holdings import Holder

_IN_SCHEMA = """
    select d.classid::bigint as catalog, d.objid::bigint as oid from pg_depend d
     where d.refclassid = 'pg_namespace'::regclass and d.refobjid = to_regnamespace(%(schema)s)
       and not exists (select from pg_depend x where x.classid = d.classid and x.objid = d.objid and x.deptype = 'e')
       and not (d.classid in ('pg_class'::regclass, 'pg_type'::regclass)
                and exists (select from pg_depend x
                             where x.classid = d.classid and x.objid = d.objid and x.deptype in ('a', 'i', 'P', 'S')
                               and not (x.refclassid = 'pg_class'::regclass and (x.refobjid = x.objid or exists (
                                   select from pg_inherits where inhrelid = x.objid and inhparent = x.refobjid)))))"""
_OWNED = """
       and exists (select from pg_shdepend s
                    where s.classid = d.classid and s.objid = d.objid and s.deptype = 'o'
                      and s.dbid = (select oid from pg_database where datname = current_database())
                      and s.refclassid = 'pg_authid'::regclass and s.refobjid = to_regrole(quote_ident(%(owner)s)))"""
_NAMED = """
       and starts_with(coalesce((select relname from pg_class where d.classid = 'pg_class'::regclass and oid = d.objid),
                                (select proname from pg_proc where d.classid = 'pg_proc'::regclass and oid = d.objid),
                                (select typname from pg_type where d.classid = 'pg_type'::regclass and oid = d.objid),
                                ltrim((pg_identify_object(d.classid, d.objid, 0)).name, '"'), ''), %(prefix)s)"""
_IDENTITY = "select type, identity from pg_identify_object(%s, %s, 0)"
_REFERRERS = """
    with recursive mine(catalog, oid) as (
        select * from unnest(%(catalogs)s::oid[], %(oids)s::oid[])
         union
        select d.classid, d.objid from mine m join pg_depend d on d.refclassid = m.catalog and d.refobjid = m.oid
         where d.deptype in ('a', 'i', 'P', 'S')
    )
    select distinct coalesce(
               (select case c.relkind when 'm' then 'materialized view ' else 'view ' end || c.oid::regclass
                  from pg_rewrite r join pg_class c on c.oid = r.ev_class
                 where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid),
               pg_describe_object(d.classid, d.objid, d.objsubid)) as label
      from mine m join pg_depend d on d.refclassid = m.catalog and d.refobjid = m.oid and d.deptype = 'n'
     where not exists (select from mine o where o.catalog = d.classid and o.oid = d.objid)
     union
    select 'table ' || i.inhrelid::regclass from pg_inherits i join pg_class c on c.oid = i.inhrelid and c.relkind in ('r', 'p', 'f')
     where i.inhparent = any(%(oids)s::oid[]) and not i.inhrelid = any(%(oids)s::oid[])
     order by 1"""

_LACKING = """
    select relname from pg_class c
     where c.oid = any(%(oids)s::oid[]) and c.relkind in ('r', 'p')
       and not exists (select from pg_attribute a
                        where a.attrelid = c.oid and a.attname = %(column)s and a.attnum > 0 and not a.attisdropped)
     order by relname"""


class Belonging(NamedTuple):
    """One object that can be moved by itself: the catalogue it stands in, and its number there."""

    catalog: int
    oid: int


def belongings(connection: Connection, holder: Holder, family: RoleFamily | None) -> list[Belonging]:
    """What a module has in schema public: what its owner's role owns, or without roles what bears its prefix."""
    query, values = (_NAMED, {"prefix": holder.prefix})
    if family is not None:
        query, values = (_OWNED, {"owner": family.owner(holder.code)})
    return _read(connection, _IN_SCHEMA + query, {"schema": "public", **values})


def contents(connection: Connection, schema: str) -> list[Belonging]:
    """Everything that stands in a schema."""
    return _read(connection, _IN_SCHEMA, {"schema": schema})


def referrers(connection: Connection, mine: Sequence[Belonging]) -> tuple[str, ...]:
    """What depends on these and is not among them nor a part of them, said for people."""
    values = {"catalogs": [it.catalog for it in mine], "oids": [it.oid for it in mine]}
    return tuple(row["label"] for row in connection.execute(_REFERRERS, values))


def tables_without(connection: Connection, mine: Sequence[Belonging], column: str) -> tuple[str, ...]:
    """Those of these that are tables and lack a column."""
    rows = connection.execute(_LACKING, {"oids": [it.oid for it in mine], "column": column})
    return tuple(row["relname"] for row in rows)


def move(connection: Connection, mine: Sequence[Belonging], schema: str) -> None:
    """Put these into another schema, with everything that is a part of them."""
    for statement in _altered(connection, mine, sql.SQL("set schema {}").format(sql.Identifier(schema))):
        connection.execute(statement)


def hand_to(connection: Connection, mine: Sequence[Belonging], owner: str) -> None:
    """Give these another owner."""
    for statement in _altered(connection, mine, sql.SQL("owner to {}").format(sql.Identifier(owner))):
        connection.execute(statement)


def _altered(connection: Connection, mine: Sequence[Belonging], how: sql.Composed) -> Iterator[sql.Composed]:
    """One at a time: how an object is spelled changes while those move that it mentions."""
    for it in mine:
        row = connection.execute(_IDENTITY, list(it)).fetchone()
        if row is not None:
            # The server itself spells both, quoted where that is needed.
            kind, name = row["type"].removesuffix(" object"), row["identity"]
            if kind == "aggregate" and name.endswith("()"):
                name = f"{name[:-1]}*)"
            yield sql.SQL("alter {} {} {}").format(sql.SQL(kind), sql.SQL(name), how)


def _read(connection: Connection, query: str, values: dict[str, Any]) -> list[Belonging]:
    rows = connection.execute(query + " order by 1, 2", values)
    return [Belonging(row["catalog"], row["oid"]) for row in rows]
