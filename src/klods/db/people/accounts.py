"""Everybody who may sign in."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg import errors

from klods.db.people.rows import TELL, Rows
from klods.errors import NameTaken
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in; without a password only by a link or a token."""

    id: int
    login: str
    name: str = ""
    kind: FrontendType = FrontendType.ADMIN
    platform_id: int | None = None
    password_hash: str | None = None
    signed_in_at: datetime | None = None
    disabled_at: datetime | None = None

    def on(self, platform_id: int) -> Subject:
        """This person as the subject of a request."""
        return Subject(self.id, self.login, self.name, self.kind, platform_id)


class Accounts:
    """The store of accounts."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def find(self, login: str) -> Account | None:
        """The account of a login, disabled or not; capitals do not matter."""
        return _account(self._rows.one(f"{_ACCOUNT} where lower(login) = lower(%s)", login))

    def by_id(self, user_id: int) -> Account | None:
        """The account with that number."""
        return _account(self._rows.one(f"{_ACCOUNT} where id = %s", user_id))

    def all(self) -> list[Account]:
        """Everybody, by login."""
        return [found for row in self._rows.all(f"{_ACCOUNT} order by lower(login)") if (found := _account(row))]

    def create(self, account: Account) -> Account:
        """Store a new account and return it with its number; raise `NameTaken` for a login in use."""
        try:
            row = self._rows.one(
                "insert into klods.user_account(login, name, kind, platform_id, password_hash)"
                " values (%s, %s, %s, %s, %s) returning *",
                account.login, account.name, account.kind, account.platform_id, account.password_hash,
            )  # fmt: skip
        except errors.UniqueViolation:
            raise NameTaken(name=account.login, reason="somebody signs in with it") from None
        return _account(row) or account

    def first_admin(self) -> Account:
        """The oldest admin of all platforms that is not disabled, made now if there is none."""
        with self._rows.transaction() as connection:
            connection.execute("select pg_advisory_xact_lock(hashtext('klods.first_admin'))")
            row = connection.execute(_FIRST_ADMIN).fetchone() or connection.execute(_MAKE_ADMIN).fetchone()
        return made(row or {})

    def set_password(self, user_id: int, password_hash: str, *, keep_session: bytes | None = None) -> None:
        """Replace a password and end the person's other sessions."""
        with self._rows.transaction() as connection:
            connection.execute(
                "update klods.user_account set password_hash = %s where id = %s", [password_hash, user_id]
            )
            connection.execute(
                "delete from klods.user_session where user_id = %s and token_hash is distinct from %s",
                [user_id, keep_session],
            )
            connection.execute(TELL)


def _account(row: dict[str, Any] | None) -> Account | None:
    return made(row) if row else None


def made(row: dict[str, Any]) -> Account:
    """The account in a row."""
    known = {entry.name: row[entry.name] for entry in fields(Account)}
    return Account(**known | {"kind": FrontendType(row["kind"])})


_ACCOUNT = "select * from klods.user_account"

_FIRST_ADMIN = f"{_ACCOUNT} where kind = 'admin' and platform_id is null and disabled_at is null order by id limit 1"

_MAKE_ADMIN = """
    insert into klods.user_account(login, name)
    select case when exists (select from klods.user_account where lower(login) = 'admin')
                then 'admin-' || (select count(*) + 1 from klods.user_account) else 'admin' end, 'Administrator'
    returning *"""
