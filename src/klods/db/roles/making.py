"""Makes the roles of a hub and of its modules, as far as they are not there; harmless again and at the same time."""

from psycopg import errors, sql

from klods.db.own_connection import Connection
from klods.db.role_family import RoleFamily
from klods.db.units.reasons import first_line
from klods.errors import NoRoles

_LOGIN = "login noinherit"
_KNOWN = """
    insert into klods.module_role(role, module, writes)
    values (%(writer)s, %(module)s, true), (%(reader)s, %(module)s, false)
    on conflict (role) do update set module = excluded.module, writes = excluded.writes
     where (module_role.module, module_role.writes) <> (excluded.module, excluded.writes)"""


def make_login(connection: Connection, family: RoleFamily, password: str) -> None:
    """Make the login of the modules, or give it this password; the server is sent a verifier only."""
    make_role(connection, family.login)
    verifier = connection.pgconn.encrypt_password(password.encode(), family.login.encode(), b"scram-sha-256")
    statement = sql.SQL(f"alter role {{}} {_LOGIN} password {{}}")
    connection.execute(statement.format(sql.Identifier(family.login), sql.Literal(verifier.decode())))


def make_module_roles(connection: Connection, family: RoleFamily, code: str) -> None:
    """Make the owner, the writer and the reader of a module; the modules' login may switch to the last two.

    Raises `NoRoles` when that is not allowed.
    """
    try:
        _make_module_roles(connection, family, code)
    except errors.InsufficientPrivilege as error:
        raise NoRoles(module=code, reason=first_line(error)) from error


def _make_module_roles(connection: Connection, family: RoleFamily, code: str) -> None:
    owner, writer, reader = family.of(code)
    for role in (owner, writer, reader):
        make_role(connection, role)
        if not _is_member(connection, "current_user", role, "usage"):
            connection.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))
    remember_roles(connection, family, code)
    for role in (writer, reader):
        if not _is_member(connection, family.login, role, "member"):
            names = map(sql.Identifier, (role, family.login))
            connection.execute(sql.SQL("grant {} to {}").format(*names))


def remember_roles(connection: Connection, family: RoleFamily, code: str) -> None:
    """Note which module works in these roles, for the functions of the host that modules call."""
    _, writer, reader = family.of(code)
    connection.execute(_KNOWN, {"module": code, "writer": writer, "reader": reader})


def disown(connection: Connection, family: RoleFamily, code: str) -> None:
    """Make everything that a module owns in this database the host's; its roles stay, because policies may name them."""
    if family.owner(code) not in missing_roles(connection, family, code):
        owner = sql.Identifier(family.owner(code))
        connection.execute(sql.SQL("reassign owned by {} to current_user").format(owner))


def drop_module_roles(connection: Connection, family: RoleFamily, code: str) -> None:
    """Take the roles of a module away; what they own in this database becomes the host's.

    They stay, without any right here, where a copy of the database still needs them or an administrator made them.
    """
    connection.execute("delete from klods.module_role where role = any(%s)", [list(family.of(code))])
    roles = sorted(set(family.of(code)) - set(missing_roles(connection, family, code)))
    if not roles:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, roles))
    connection.execute(sql.SQL("reassign owned by {} to current_user").format(names))
    connection.execute(sql.SQL("drop owned by {}").format(names))
    connection.execute("savepoint klods_role")
    try:
        connection.execute(sql.SQL("drop role {}").format(names))
    except (errors.DependentObjectsStillExist, errors.InsufficientPrivilege):
        connection.execute("rollback to savepoint klods_role")
    connection.execute("release savepoint klods_role")


def missing_roles(connection: Connection, family: RoleFamily, code: str) -> tuple[str, ...]:
    """Which roles of a module are not there."""
    rows = connection.execute("select rolname from pg_roles where rolname = any(%s)", [list(family.of(code))])
    known = {row["rolname"] for row in rows}
    return tuple(role for role in family.of(code) if role not in known)


def make_role(connection: Connection, name: str) -> None:
    """Make a role without any power, unless it is there; another hub's transaction may be making it now."""
    if connection.execute("select from pg_roles where rolname = %s", [name]).rowcount:
        return
    connection.execute("savepoint klods_role")
    try:
        connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
    except (errors.DuplicateObject, errors.UniqueViolation):
        connection.execute("rollback to savepoint klods_role")
    connection.execute("release savepoint klods_role")


def _is_member(connection: Connection, member: str, role: str, how: str) -> bool:
    who = sql.SQL(member) if member == "current_user" else sql.Literal(member)
    row = connection.execute(
        sql.SQL("select pg_has_role({}, {}, {}) as yes").format(who, sql.Literal(role), sql.Literal(how))
    )
    return bool((row.fetchone() or {})["yes"])
