"""Gives modules a login of their own, and says how far the server keeps them apart."""

import hashlib
import hmac
import logging
from enum import StrEnum

from psycopg import sql
from psycopg.conninfo import make_conninfo

from klods.db.database import Database
from klods.db.own_connection import Connection, own_transaction
from klods.db.role_family import RoleFamily
from klods.db.roles.hardening import harden, is_hardened
from klods.db.roles.making import make_login
from klods.db.roles.standing import Standing, read_standing
from klods.errors import NoDatabase

log = logging.getLogger(__name__)

LOCK_SECONDS = 30.0
_TURN = "select pg_advisory_xact_lock(hashtext('klods.roles'))"


class Isolation(StrEnum):
    """How far modules are kept apart in the database."""

    ROLES = "roles"
    """Each works in a role of its own, from a login that has no other power."""

    SHARED_LOGIN = "shared_login"
    """Each works in a role of its own, but from the login of the host: who escapes the role is the host."""

    PREFIX = "prefix"
    """The server allows no roles: only the names of what migrations make are checked."""

    @property
    def meaning(self) -> str:
        """What that comes to, for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Isolation.ROLES: "each module works in a database role of its own",
    Isolation.SHARED_LOGIN: "each module works in a database role of its own, but from the login of the host;"
    " see KLODS_MODULES_DATABASE_URL",
    Isolation.PREFIX: "modules share the host's rights in the database; have `klods db roles --sql` run to part them",
}


def isolate(database: Database, modules_conninfo: str | None = None) -> Isolation:
    """Let units work in the roles of their modules, as far as the server allows it.

    Their login is made where that is allowed, with a password that every process can work out; ``modules_conninfo``
    names a login that an administrator of the server has made. Raises `NoDatabase` when that one is refused, and when
    nobody is let in: a server that is busy is no reason to keep modules less apart.
    """
    with own_transaction(database, LOCK_SECONDS) as connection:
        standing = read_standing(connection)
        family = RoleFamily(standing.family or standing.database)
        if not (standing.makes_roles or _exists(connection, family.login)):
            log.warning(
                "the login %s may not make roles: modules are kept apart by names of tables only", standing.host
            )
            return Isolation.PREFIX
        _settle(connection, standing, family)
        password = _password_of_modules(connection, family)
    if modules_conninfo:
        database.isolate(family, modules_conninfo)
        return Isolation.ROLES
    conninfo = make_conninfo(database.conninfo, user=family.login, password=password)
    if _let_in(database, family, conninfo):
        return Isolation.ROLES
    if standing.makes_roles:
        with own_transaction(database, LOCK_SECONDS) as connection:
            connection.execute(_TURN)
            make_login(connection, family, password)
        if _let_in(database, family, conninfo):
            return Isolation.ROLES
    log.warning("the login %s cannot sign in: modules work in their roles from the login of the host", family.login)
    database.isolate(family, database.conninfo)
    return Isolation.SHARED_LOGIN


def _let_in(database: Database, family: RoleFamily, conninfo: str) -> bool:
    try:
        database.isolate(family, conninfo)
    except NoDatabase:
        database.check_reachable()
        return False
    return True


def _settle(connection: Connection, standing: Standing, family: RoleFamily) -> None:
    """Remember the family, and take from everybody what only migrations may do."""
    connection.execute(_TURN)
    if standing.family is None:
        connection.execute("insert into klods.role_family(name) values (%s) on conflict do nothing", [family.name])
    if standing.owns_database and standing.anyone_makes_temporary_tables:
        statement = sql.SQL("revoke temporary on database {} from public")
        connection.execute(statement.format(sql.Identifier(standing.database)))
    if standing.owns_database and standing.anyone_builds:
        connection.execute("revoke create on schema public from public")
    if standing.may_harden and not is_hardened(connection):
        harden(connection, standing.host)


def _password_of_modules(connection: Connection, family: RoleFamily) -> str:
    """What every process of the hub works out from the host's own password, so that it is kept nowhere."""
    own = connection.info.password or ""
    return hmac.new(own.encode(), family.login.encode(), hashlib.sha256).hexdigest() if own else ""


def _exists(connection: Connection, role: str) -> bool:
    return connection.execute("select from pg_roles where rolname = %s", [role]).rowcount > 0
