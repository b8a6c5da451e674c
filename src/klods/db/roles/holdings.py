"""What a module owns in the database, as its owner's role shows: relations, functions, and who may use them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from klods.db.own_connection import Connection

_RELATIONS = """
    select c.oid::bigint as oid, c.relname as name, c.relkind::text as kind, c.relrowsecurity as secured,
           exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'platform_id'
                      and a.attnum > 0 and not a.attisdropped) as has_platform,
           coalesce('security_invoker=true' = any(c.reloptions), false) as asks_as_caller,
           array(select p.polname::text from pg_policy p where p.polrelid = c.oid) as policies,
           array(select p.polname::text from pg_policy p where p.polrelid = c.oid and p.polpermissive) as open_policies,
           array(select format('%%s %%s %%s %%s', p.polpermissive, p.polcmd, p.polroles,
                               pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))
                   from pg_policy p where p.polrelid = c.oid and p.polname = 'klods_platform') as platform_policy,
           array(select g.tgname::text from pg_trigger g
                  where g.tgrelid = c.oid and g.tgdeferrable and not g.tgisinternal) as deferrable_triggers,
           exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'klods_capture'
                      and t.tgenabled = 'O' and t.tgfoid = 'klods.capture'::regproc) as captured,
           array(select r.rulename::text from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN') as rules,
           array(with recursive source(oid) as (
                        select c.oid
                         union
                        select d.refobjid from source s join pg_rewrite r on r.ev_class = s.oid
                          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                                          and d.refclassid = 'pg_class'::regclass)
                 select t.relname::text from source join pg_class t using (oid)
                  where c.relkind = 'm' and t.oid <> c.oid and t.relkind in ('r', 'p')
                    and (t.relrowsecurity or exists (
                         select from pg_attribute a where a.attrelid = t.oid and a.attname = 'platform_id'
                            and a.attnum > 0 and not a.attisdropped)) order by 1) as secured_sources
      from pg_class c
     where c.relowner = %(owner)s::regrole and c.relnamespace = 'public'::regnamespace
       and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
     order by c.relname"""
_FUNCTIONS = """
    select p.oid::bigint as oid, p.oid::regprocedure::text as name, p.prosecdef as as_owner,
           coalesce(p.proconfig, '{}') as settings, coalesce(p.prosrc, '') as body,
           pg_get_function_sqlbody(p.oid) as parsed_body
      from pg_proc p where p.proowner = %(owner)s::regrole order by 2"""
_RIGHTS = """
    select classid::bigint, oid::bigint, part, grantee, privilege from (
        select 'pg_class'::regclass::oid as classid, c.oid, 0 as part, c.relowner as owner, c.relacl as acl from pg_class c
         union all
        select 'pg_class'::regclass, a.attrelid, a.attnum, c.relowner, a.attacl
          from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attacl is not null
         union all
        select 'pg_proc'::regclass, p.oid, 0, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)) from pg_proc p
    ) held,
    lateral (select case when x.grantee = 0 then 'PUBLIC' else x.grantee::regrole::text end as grantee,
                    x.privilege_type as privilege from aclexplode(held.acl) x where x.grantee <> held.owner) rights
     where held.owner = %(owner)s::regrole"""
_STRANGE = """
    select o.type || ' ' || o.identity as label, coalesce(o.schema, '') as schema,
           coalesce(case when o.name like '"%%' then replace(substr(o.name, 2, length(o.name) - 2), '""', '"') else o.name end,
                    p.proname, '') as name
      from pg_shdepend s cross join lateral pg_identify_object(s.classid, s.objid, s.objsubid) o
      left join pg_proc p on s.classid = 'pg_proc'::regclass and p.oid = s.objid
     where s.refclassid = 'pg_authid'::regclass and s.refobjid = %(owner)s::regrole and s.deptype = 'o'
       and s.dbid = (select oid from pg_database where datname = current_database())"""
_INTRUDERS = """
    select c.relname as name, pg_get_userbyid(c.relowner) as owner from pg_class c
     where c.relnamespace = 'public'::regnamespace and starts_with(c.relname, %(prefix)s)
       and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relowner <> %(owner)s::regrole order by 1"""

Right = tuple[str, str]
"""Who may do what: a role or ``PUBLIC``, and the privilege's name."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, materialized view or sequence; ``kind`` is PostgreSQL's letter for it."""

    oid: int
    name: str
    kind: str
    secured: bool
    has_platform: bool
    asks_as_caller: bool
    policies: tuple[str, ...]
    open_policies: tuple[str, ...]
    platform_policy: tuple[str, ...]
    """What the policy that keeps platforms apart says, if there is one."""

    deferrable_triggers: tuple[str, ...]
    captured: bool
    """Whether dry runs note what they would change in it."""

    rules: tuple[str, ...]
    secured_sources: tuple[str, ...]
    """Tables with rows of platforms that a materialized view is made of, also by way of views."""

    rights: frozenset[Right] = frozenset()
    column_rights: frozenset[Right] = frozenset()


@dataclass(frozen=True, slots=True)
class Function:
    """A function, procedure or aggregate."""

    oid: int
    name: str
    as_owner: bool
    settings: tuple[str, ...]
    body: str
    rights: frozenset[Right] = frozenset()


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything that a module owns."""

    relations: Mapping[int, Relation] = field(default_factory=dict)
    functions: Mapping[int, Function] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    """What its owner made on land that is not the module's."""

    intruders: tuple[str, ...] = ()
    """What stands on its land and belongs to somebody else."""


def read_holdings(connection: Connection, owner: str, prefix: str) -> Holdings:
    """What the owner's role has in this database."""
    values = {"owner": _quoted(owner), "prefix": prefix}
    rights = _rights(connection, values)
    return Holdings(
        {row["oid"]: _relation(row, rights) for row in connection.execute(_RELATIONS, values)},
        {row["oid"]: _function(row, rights) for row in connection.execute(_FUNCTIONS, values)},
        tuple(
            row["label"]
            for row in connection.execute(_STRANGE, values)
            if row["schema"] != "public" or not row["name"].startswith(prefix)
        ),
        tuple(f"{row['name']}, which belongs to {row['owner']}" for row in connection.execute(_INTRUDERS, values)),
    )


Rights = Mapping[tuple[int, bool], frozenset[Right]]


def _rights(connection: Connection, values: Mapping[str, str]) -> Rights:
    found: dict[tuple[int, bool], set[Right]] = {}
    for row in connection.execute(_RIGHTS, values):
        found.setdefault((row["oid"], row["part"] > 0), set()).add((row["grantee"], row["privilege"]))
    return {key: frozenset(rights) for key, rights in found.items()}


def _relation(row: Mapping[str, Any], rights: Rights) -> Relation:
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    whole, columns = (rights.get((row["oid"], part), frozenset()) for part in (False, True))
    return Relation(**plain, rights=whole, column_rights=columns)


def _function(row: Mapping[str, Any], rights: Rights) -> Function:
    body = row["parsed_body"] or row["body"]
    settings = tuple(row["settings"])
    return Function(
        row["oid"], row["name"], row["as_owner"], settings, body, rights.get((row["oid"], False), frozenset())
    )


def _quoted(role: str) -> str:
    return '"' + role.replace('"', '""') + '"'
