"""The SQL that an administrator runs on a server where the host's login may not make roles itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from klods.db.own_connection import Connection
from klods.db.role_family import RoleFamily
from klods.db.roles.hardening import hardening_sql
from klods.db.roles.standing import Standing


def roles_sql(standing: Standing, codes: Iterable[str]) -> str:
    """Everything that is needed for these modules, for a superuser who is connected to the hub's database."""
    family = RoleFamily(standing.family or standing.database)
    return "\n".join(
        [
            f"-- For a superuser in the database {standing.database}; harmless when it is run again.",
            *_login(family),
            *(line for code in sorted(codes) for line in _module(family, standing.host, code)),
            "",
            *_schema(standing),
            "",
            "-- Functions with which a module would reach beyond its own work.",
            hardening_sql(standing.host),
            "",
        ]
    )


@dataclass(frozen=True, slots=True)
class ModuleRole:
    """A role that a module needs, and whether it is there."""

    module: str
    role: str
    there: bool


def module_roles(connection: Connection, standing: Standing, codes: Iterable[str]) -> list[ModuleRole]:
    """The roles of these modules."""
    family = RoleFamily(standing.family or standing.database)
    names = {role: code for code in sorted(codes) for role in family.of(code)}
    rows = connection.execute("select rolname from pg_roles where rolname = any(%s)", [list(names)])
    there = {row["rolname"] for row in rows}
    return [ModuleRole(code, role, role in there) for role, code in names.items()]


def _login(family: RoleFamily) -> Iterator[str]:
    yield ""
    yield "-- The login of all modules. Give it a password with \\password, and put it into KLODS_MODULES_DATABASE_URL."
    yield _make(family.login)
    yield f"alter role {_name(family.login)} login noinherit;"


def _module(family: RoleFamily, host: str, code: str) -> Iterator[str]:
    owner, writer, reader = family.of(code)
    yield ""
    yield f"-- {code}"
    for role in (owner, writer, reader):
        yield _make(role)
    yield f"grant {_name(owner)}, {_name(writer)}, {_name(reader)} to {_name(host)};"
    yield f"grant {_name(writer)}, {_name(reader)} to {_name(family.login)};"


def _schema(standing: Standing) -> Iterator[str]:
    yield "revoke create on schema public from public;"
    yield f"revoke temporary on database {_name(standing.database)} from public;"
    if not standing.owns_database:
        yield f"grant usage, create on schema public to {_name(standing.host)} with grant option;"


def _make(role: str) -> str:
    return f"do $$ begin if to_regrole({_text(_name(role))}) is null then create role {_name(role)}; end if; end $$;"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
