"""Takes from everybody what PostgreSQL gives to all: functions with which module code would reach beyond its unit."""

from typing import Any

import psycopg
from psycopg import sql

from klods.db.units.reach import CALLS, RUNNERS

TAKEN = tuple(sorted(set(CALLS) - set(RUNNERS)))
"""What runs a text as SQL does so with the caller's own rights, and so needs no taking."""

_TAKE = """
do $klods$
declare f regprocedure;
begin
    for f in select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname in ({names}) loop
        execute format('revoke execute on function %s from public', f);
        execute format('grant execute on function %s to %I', f, {host});
    end loop;
end $klods$"""

_LEFT = """
    select from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname = any(%s)
       and has_function_privilege('public', oid, 'execute')
     union all select where has_table_privilege('public', 'pg_catalog.pg_settings', 'update')
                         or has_table_privilege('public', 'pg_catalog.pg_prepared_statements', 'select')"""


def harden(connection: psycopg.Connection[Any], host: str) -> None:
    """Let only the host's login call what `TAKEN` names, in this database; for a superuser."""
    names = sql.SQL(", ").join(map(sql.Literal, TAKEN))
    connection.execute(sql.SQL(_TAKE).format(names=names, host=sql.Literal(host)))
    connection.execute("revoke insert, update, delete on pg_catalog.pg_settings from public")
    connection.execute("revoke select on pg_catalog.pg_prepared_statements from public")


def is_hardened(connection: psycopg.Connection[Any]) -> bool:
    """Whether that has been done in this database."""
    return not connection.execute(_LEFT, [list(TAKEN)]).rowcount


def hardening_sql(host: str) -> str:
    """The same as text, for an administrator of the server."""
    names = ", ".join(f"'{name}'" for name in TAKEN)
    quoted = "'" + host.replace("'", "''") + "'"
    taken = f"{_TAKE.format(names=names, host=quoted).strip()};\nrevoke update on pg_catalog.pg_settings from public;"
    return f"{taken}\nrevoke select on pg_catalog.pg_prepared_statements from public;"
