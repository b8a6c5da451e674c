"""Everybody who may sign in."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from psycopg import errors

from klods.db.people.roles import keeping_an_administrator
from klods.db.rows import TELL, Rows
from klods.errors import InvalidMail, InvalidName, NameTaken
from klods.kernel.definition import FrontendType
from klods.kernel.mailing import checked_address
from klods.kernel.names import NEW
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
    email: str = ""
    locale: str = ""
    vendor_id: int | None = None
    signed_in_at: datetime | None = None
    disabled_at: datetime | None = None

    def may_enter(self, platform_id: int) -> bool:
        """Whether this person may sign in on a platform."""
        return self.disabled_at is None and self.platform_id in (None, platform_id)

    def on(self, platform_id: int) -> Subject:
        """This person as whom a sign-in or a token is made for; what the roles allow is read where it is used."""
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
        """Store a new account and return it with its number; raise `InvalidName`, or `NameTaken` for a login in use."""
        _refuse_misleading(account.login)
        _refuse_wrong_address(account.email)
        try:
            row = self._rows.one(_CREATE, asdict(account))
        except errors.UniqueViolation:
            raise NameTaken(name=account.login, reason="somebody signs in with it") from None
        return _account(row) or account

    def first_admin(self) -> Account:
        """The oldest admin of all platforms that is not disabled, made now if there is none."""
        with self._rows.transaction() as connection:
            connection.execute("select pg_advisory_xact_lock(hashtext('klods.first_admin'))")
            row = connection.execute(_FIRST_ADMIN).fetchone()
            if row is None:
                row = connection.execute(_MAKE_ADMIN).fetchone() or {}
                connection.execute(_MAKE_MIGHTY, [row["id"]])
        return made(row)

    def change(self, user_id: int, *, name: str, email: str, locale: str) -> None:
        """Replace what is known about somebody; raise `InvalidName` for an address that is none.

        Links that were sent to another address than the new one are worth nothing any more.
        """
        _refuse_wrong_address(email)
        with self._rows.transaction() as connection:
            connection.execute(_SPEND_MAILED, [user_id, email.strip()])
            connection.execute(
                "update klods.user_account set name = %s, email = %s, locale = %s where id = %s",
                [name.strip(), email.strip(), locale, user_id],
            )
            connection.execute(TELL)

    def speak(self, user_id: int, locale: str) -> None:
        """Remember the language that somebody has chosen."""
        self._rows.run("update klods.user_account set locale = %s where id = %s", locale, user_id)
        self._rows.tell()

    def disable(self, user_id: int) -> None:
        """Let somebody come in no longer, and end the sign-ins and links there are; raise `LastAdministrator`."""
        with self._rows.transaction() as connection, keeping_an_administrator(connection):
            connection.execute(
                "update klods.user_account set disabled_at = coalesce(disabled_at, now()) where id = %s", [user_id]
            )
            connection.execute("delete from klods.user_session where user_id = %s", [user_id])
            connection.execute(_SPEND, [user_id])
            connection.execute(TELL)

    def enable(self, user_id: int) -> None:
        """Let somebody come in again."""
        self._rows.run("update klods.user_account set disabled_at = null where id = %s", user_id)

    def to_remind(self, named: str, platform_id: int) -> list[Account]:
        """Who could have meant themselves by this login or address, on a platform: enabled, with an address to write to."""
        return [made(row) for row in self._rows.all(_TO_REMIND, {"named": named, "platform": platform_id})]

    def set_password(self, user_id: int, password_hash: str, *, keep_session: bytes | None = None) -> None:
        """Replace a password, and end the person's other sessions and every link that waits."""
        with self._rows.transaction() as connection:
            connection.execute(
                "update klods.user_account set password_hash = %s where id = %s", [password_hash, user_id]
            )
            connection.execute(
                "delete from klods.user_session where user_id = %s and token_hash is distinct from %s",
                [user_id, keep_session],
            )
            connection.execute(_SPEND, [user_id])
            connection.execute(TELL)


def _refuse_misleading(login: str) -> None:
    """A login stands in the log and in addresses: nobody must take it for another, fail to type it, or not get at it."""
    if login == NEW:
        raise InvalidName(name=login, reason="its page would have the address of the one that makes new people")
    if login.strip() in ("", ".", "..") or login != login.strip() or not login.isprintable() or "/" in login:
        raise InvalidName(
            name=login, reason="a login is made of letters, digits and signs that can be seen, and no slash"
        )


def _refuse_wrong_address(email: str) -> None:
    try:
        if email.strip():
            checked_address(email)
    except InvalidMail:
        raise InvalidName(name=email, reason="it is no mail address") from None


def _account(row: dict[str, Any] | None) -> Account | None:
    return made(row) if row else None


def made(row: dict[str, Any]) -> Account:
    """The account in a row."""
    known = {entry.name: row[entry.name] for entry in fields(Account)}
    return Account(**known | {"kind": FrontendType(row["kind"])})


_ACCOUNT = "select * from klods.user_account"

_SPEND = "update klods.login_link set used_at = now() where user_id = %s and used_at is null"
_SPEND_MAILED = f"{_SPEND} and (select u.email <> %s from klods.user_account u where u.id = user_id)"

_CREATE = """
    insert into klods.user_account(login, name, kind, platform_id, password_hash, email, locale, vendor_id)
    values (%(login)s, %(name)s, %(kind)s, %(platform_id)s, %(password_hash)s, %(email)s, %(locale)s, %(vendor_id)s)
    returning *"""

_FIRST_ADMIN = f"""
    {_ACCOUNT} where kind = 'admin' and platform_id is null and disabled_at is null
                 and '*' = any(klods.permissions_of(id, null)) order by id limit 1"""

_MAKE_MIGHTY = """
    insert into klods.user_role(user_id, role_id)
    select %s, id from klods.role where is_builtin and kind = 'admin'"""

_TO_REMIND = f"""
    {_ACCOUNT} where (lower(login) = lower(%(named)s) or lower(email) = lower(%(named)s)) and email <> ''
                 and disabled_at is null and (platform_id is null or platform_id = %(platform)s) order by id limit 5"""

_MAKE_ADMIN = """
    insert into klods.user_account(login, name)
    select case when exists (select from klods.user_account where lower(login) = 'admin')
                then 'admin-' || (select count(*) + 1 from klods.user_account) else 'admin' end, 'Administrator'
    returning *"""
