"""What a server lets the host do, read in one query."""

from dataclasses import dataclass
from typing import Any

from klods.db.own_connection import Connection

_STANDING = """
    select current_database() as database, current_user as host,
           r.rolsuper or r.rolcreaterole as makes_roles,
           pg_has_role(d.datdba, 'usage') as owns_database,
           r.rolsuper and d.datdba = r.oid as may_harden,
           (select name from klods.role_family) as family,
           has_database_privilege('public', d.oid, 'TEMP') as anyone_makes_temporary_tables,
           has_schema_privilege('public', 'public', 'CREATE') as anyone_builds
      from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The host's login on its server."""

    database: str
    host: str
    makes_roles: bool
    owns_database: bool
    may_harden: bool
    """Whether the database is its own, where it may take from everybody what PostgreSQL gives to all."""

    family: str | None
    anyone_makes_temporary_tables: bool
    anyone_builds: bool


def read_standing(connection: Connection) -> Standing:
    """How the host stands on the server of this connection."""
    row: Any = connection.execute(_STANDING).fetchone()
    return Standing(**row)
