"""Roles: named lists of permissions that people are given."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import DictRow

from klods.db.rows import TELL, Rows
from klods.errors import FixedRole, InvalidName, LastAdministrator, NameTaken, NoSuchRole
from klods.kernel.definition import FrontendType
from klods.kernel.names import why_no_code
from klods.kernel.permissions import is_pattern


@dataclass(frozen=True, slots=True)
class Role:
    """What its holders may do, on every platform or on one."""

    code: str
    name: str
    kind: FrontendType = FrontendType.ADMIN
    permissions: tuple[str, ...] = ()
    platform_id: int | None = None
    is_builtin: bool = False
    id: int = 0
    people: int = 0
    """How many have it."""


class Roles:
    """The store of roles."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def all(self, platform_id: int) -> list[Role]:
        """The roles that count on a platform, those of all platforms first."""
        where = "where r.platform_id is null or r.platform_id = %s order by r.platform_id nulls first, r.code"
        return [_role(row) for row in self._rows.all(f"{_ROLE} {where}", platform_id)]

    def find(self, code: str, platform_id: int) -> Role:
        """A role by its code, that of the platform before that of all platforms; raise `NoSuchRole`."""
        where = "where r.code = %s and coalesce(r.platform_id, %s) = %s order by r.platform_id nulls last limit 1"
        row = self._rows.one(f"{_ROLE} {where}", code, platform_id, platform_id)
        if row is None:
            raise NoSuchRole(role=code)
        return _role(row)

    def create(self, role: Role) -> Role:
        """Make a role; raise `InvalidName` or `NameTaken`."""
        if reason := why_no_code(role.code):
            raise InvalidName(name=role.code, reason=reason)
        _refuse_misspelled(role.permissions)
        try:
            with self._rows.transaction() as connection:
                _refuse_hiding(connection, role)
                row = connection.execute(
                    "insert into klods.role(code, name, kind, platform_id) values (%s, %s, %s, %s) returning id",
                    [role.code, role.name.strip() or role.code, role.kind, role.platform_id],
                ).fetchone()
                connection.execute(_PERMIT, [(row or {})["id"], sorted(set(role.permissions))])
        except errors.UniqueViolation:
            raise NameTaken(name=role.code, reason="a role has it") from None
        return self.find(role.code, role.platform_id or 0)

    def change(self, role: Role, *, name: str, permissions: Iterable[str]) -> None:
        """Replace what a role is called and allows; raise `FixedRole`, `InvalidName` or `LastAdministrator`."""
        _refuse_builtin(role)
        wanted = sorted(set(permissions))
        _refuse_misspelled(wanted)
        with self._rows.transaction() as connection, keeping_an_administrator(connection):
            connection.execute("update klods.role set name = %s where id = %s", [name.strip() or role.code, role.id])
            connection.execute("delete from klods.role_permission where role_id = %s", [role.id])
            connection.execute(_PERMIT, [role.id, wanted])
            connection.execute(TELL)

    def delete(self, role: Role) -> None:
        """Delete a role; whoever has it loses it. Raises `FixedRole` or `LastAdministrator`."""
        _refuse_builtin(role)
        with self._rows.transaction() as connection, keeping_an_administrator(connection):
            connection.execute("delete from klods.role where id = %s", [role.id])
            connection.execute(TELL)

    def of(self, user_id: int, platform_id: int | None = None) -> list[Role]:
        """The roles that somebody has, on any platform or as far as they count on one."""
        return self.held(platform_id, only_of=user_id).get(user_id, [])

    def held(self, platform_id: int | None = None, *, only_of: int | None = None) -> dict[int, list[Role]]:
        """The same of everybody who has any, by the number of the person."""
        found: dict[int, list[Role]] = {}
        for row in self._rows.all(_HELD, {"platform": platform_id, "user": only_of}):
            found.setdefault(row.pop("user_id"), []).append(_role(row))
        return found

    def assign(self, roles: Iterable[Role], user_id: int, platform_id: int) -> None:
        """Let somebody have exactly these of the roles that count on a platform; those of other platforms stay.

        Raises `LastAdministrator` when nobody could mend that.
        """
        with self._rows.transaction() as connection, keeping_an_administrator(connection):
            connection.execute(_TAKE_ALL, [user_id, platform_id, platform_id])
            connection.execute(
                "insert into klods.user_role(user_id, role_id) select %s, unnest(%s::bigint[])",
                [user_id, [role.id for role in roles]],
            )
            connection.execute(TELL)

    def give(self, role: Role, user_id: int) -> None:
        """Give somebody a role."""
        self._rows.run(
            "insert into klods.user_role(user_id, role_id) values (%s, %s) on conflict do nothing", user_id, role.id
        )
        self._rows.tell()

    def take(self, role: Role, user_id: int) -> None:
        """Take a role from somebody; raise `LastAdministrator` when nobody else could mend that."""
        with self._rows.transaction() as connection, keeping_an_administrator(connection):
            connection.execute("delete from klods.user_role where user_id = %s and role_id = %s", [user_id, role.id])
            connection.execute(TELL)


@contextmanager
def keeping_an_administrator(connection: psycopg.Connection[DictRow]) -> Iterator[None]:
    """Raise `LastAdministrator` when the block leaves no enabled account of all platforms that may do everything."""
    connection.execute("select pg_advisory_xact_lock(hashtext('klods.first_admin'))")
    before = connection.execute(_SOMEBODY).fetchone()
    yield
    if before and connection.execute(_SOMEBODY).fetchone() is None:
        raise LastAdministrator


def _refuse_builtin(role: Role) -> None:
    if role.is_builtin:
        raise FixedRole(role=role.code)


def _refuse_hiding(connection: psycopg.Connection[DictRow], role: Role) -> None:
    """A code means one role on a platform: somebody who names it must not get another one than they think of."""
    connection.execute("lock table klods.role in share row exclusive mode")
    found = connection.execute(_OTHERWISE, [role.code, role.platform_id]).fetchone()
    if found:
        whose = "one platform" if found["platform_id"] else "all platforms"
        raise NameTaken(name=role.code, reason=f"a role of {whose} has it")


def _refuse_misspelled(permissions: Iterable[str]) -> None:
    for permission in permissions:
        if not is_pattern(permission):
            reason = "a permission is a code as customers.read, a code with .* for all below it, or * for everything"
            raise InvalidName(name=permission, reason=reason)


def _role(row: dict[str, Any]) -> Role:
    return Role(**row | {"kind": FrontendType(row["kind"]), "permissions": tuple(row["permissions"])})


_COLUMNS = """
    r.id, r.code, r.name, r.kind, r.platform_id, r.is_builtin,
    array(select p.permission from klods.role_permission p where p.role_id = r.id order by 1) as permissions,
    (select count(*) from klods.user_role u where u.role_id = r.id)::int as people"""

_ROLE = f"select {_COLUMNS} from klods.role r"

_HELD = f"""
    select h.user_id, {_COLUMNS} from klods.role r join klods.user_role h on h.role_id = r.id
     where h.user_id = coalesce(%(user)s, h.user_id)
       and (%(platform)s::bigint is null or coalesce(r.platform_id, %(platform)s) = %(platform)s) order by r.code"""

_OTHERWISE = """
    select platform_id from klods.role where code = %s and (platform_id is null) <> (%s::bigint is null) limit 1"""

_PERMIT = "insert into klods.role_permission(role_id, permission) select %s, unnest(%s::text[])"

_TAKE_ALL = """
    delete from klods.user_role u using klods.role r
     where u.user_id = %s and r.id = u.role_id and coalesce(r.platform_id, %s) = %s"""

_SOMEBODY = """
    select 1 from klods.user_account u
     where u.kind = 'admin' and u.platform_id is null and u.disabled_at is null
       and '*' = any(klods.permissions_of(u.id, null))"""
