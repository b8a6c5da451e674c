"""Everything a database holds, by name: what was there before and is there after, compared as text."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

USER = "n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'"
RELATION = f"pg_class c join pg_namespace n on n.oid = c.relnamespace and {USER}"

PARTS = {
    "schema": f"""select n.nspname, concat_ws(' ', n.nspowner::regrole, n.nspacl::text) from pg_namespace n where {USER}""",
    "relation": f"""
        select c.oid::regclass::text, concat_ws(' ', c.relkind, c.relpersistence, c.relowner::regrole, c.relacl::text,
               c.reloptions::text, c.relrowsecurity, c.relforcerowsecurity, c.relreplident) from {RELATION}""",
    "column": f"""
        select c.oid::regclass || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity, a.attgenerated, a.attacl::text, pg_get_expr(d.adbin, d.adrelid))
          from {RELATION} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum""",
    "constraint": f"""
        select c.oid::regclass || ' ' || k.conname, concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated)
          from {RELATION} join pg_constraint k on k.conrelid = c.oid""",
    "index": f"""
        select c.oid::regclass::text, concat_ws(' ', pg_get_indexdef(c.oid), i.indisvalid, i.indisclustered)
          from {RELATION} join pg_index i on i.indexrelid = c.oid""",
    "trigger": f"""
        select c.oid::regclass || ' ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
          from {RELATION} join pg_trigger t on t.tgrelid = c.oid where not t.tgisinternal""",
    "keys' triggers": f"""
        select c.oid::regclass::text, count(*)::text from {RELATION} join pg_trigger t on t.tgrelid = c.oid
         where t.tgisinternal group by c.oid""",
    "rule": f"select c.oid::regclass || ' ' || r.rulename, pg_get_ruledef(r.oid) from {RELATION} join pg_rewrite r on r.ev_class = c.oid",
    "policy": f"""
        select c.oid::regclass || ' ' || p.polname, concat_ws(' ', p.polcmd, p.polroles::regrole[]::text,
               pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
          from {RELATION} join pg_policy p on p.polrelid = c.oid""",
    "parent": f"select c.oid::regclass::text, i.inhparent::regclass::text from {RELATION} join pg_inherits i on i.inhrelid = c.oid",
    "sequence": f"""
        select c.oid::regclass::text, concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqcycle)
          from {RELATION} join pg_sequence s on s.seqrelid = c.oid""",
    "function": f"""
        select p.oid::regprocedure::text, concat_ws(' ', p.proowner::regrole, p.proacl::text, p.prosecdef,
               p.proconfig::text, md5(p.prosrc)) from pg_proc p join pg_namespace n on n.oid = p.pronamespace and {USER}""",
    "type": f"""
        select t.oid::regtype::text, concat_ws(' ', t.typtype, t.typowner::regrole, t.typacl::text,
               (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
          from pg_type t join pg_namespace n on n.oid = t.typnamespace and {USER}""",
    "statistics": "select stxnamespace::regnamespace || '.' || stxname, pg_get_statisticsobjdef(oid) from pg_statistic_ext",
    "extension": "select extname, extversion from pg_extension",
    "default privileges": "select defaclrole::regrole::text || defaclobjtype::text, defaclacl::text from pg_default_acl",
    "operator": "select oid::regoperator::text, oprowner::regrole::text from pg_operator where oid >= 16384",
    "cast": "select castsource::regtype || ' ' || casttarget::regtype, castmethod::text from pg_cast where oid >= 16384",
    "event trigger": "select evtname, evtenabled::text from pg_event_trigger",
    "publication": "select pubname, puballtables::text from pg_publication",
    "server": "select srvname, srvoptions::text from pg_foreign_server",
    "large object": "select oid::text, lomowner::regrole::text from pg_largeobject_metadata",
    "database": "select datname, concat_ws(' ', datdba::regrole, datacl::text) from pg_database where datname = current_database()",
    "setting": """select setrole::regrole::text, setconfig::text from pg_db_role_setting
                   where setdatabase = (select oid from pg_database where datname = current_database())""",
    "role": "select rolname, concat_ws(' ', rolcanlogin, rolsuper) from pg_roles where starts_with(rolname, current_database() || '__')",
    "comment": "select pg_describe_object(classoid, objoid, objsubid), description from pg_description where objoid >= 16384",
}
ROWS = ("installation", "activation", "generation", "module_migration")
FLEETING = ("id", "at", "seconds", "updated_at")
"""Columns that are never the same twice."""


def snapshot(conninfo: str, *, rows: bool = False) -> dict[str, str]:
    """What the database holds, as one text for each named thing; with the host's rows about modules if asked."""
    with psycopg.connect(conninfo) as connection:
        return dict(_objects(connection)) | (dict(_rows(connection)) if rows else {})


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What was added, lost or changed, one line for each."""
    added = [f"+ {name}: {after[name]}" for name in after.keys() - before.keys()]
    lost = [f"- {name}: {before[name]}" for name in before.keys() - after.keys()]
    changed = [
        f"~ {name}: {before[name]} → {after[name]}"
        for name in before.keys() & after.keys()
        if before[name] != after[name]
    ]
    return sorted(added + lost + changed)


def _objects(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    for part, query in PARTS.items():
        for name, text in connection.execute(query):
            yield f"{part} {name}", str(text)


def _rows(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    query = "select relname from pg_class where relnamespace = to_regnamespace('klods') and (relname = any(%s) or relname ~ %s)"
    for (table,) in connection.execute(query, [list(ROWS), "_alembic_version$"]).fetchall():
        select = sql.SQL("select (to_jsonb(t) - %s::text[])::text from {} t").format(sql.Identifier("klods", table))
        texts = sorted(text for (text,) in connection.execute(select, [list(FLEETING)]))
        yield f"rows of {table}", "\n".join(texts)
