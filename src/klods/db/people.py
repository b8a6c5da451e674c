"""Accounts, sessions, API tokens and one-time links in PostgreSQL; secrets come here as digests only."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from psycopg import errors

from klods.db.database import Database
from klods.db.processes import CHANNEL
from klods.errors import LinkSpent, NameTaken, NoSuchToken
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject

IDLE = timedelta(days=7)
"""A session nobody uses ends after this."""

LONGEST = timedelta(days=60)
"""A session ends after this however much it is used."""

TOUCH = timedelta(minutes=1)
"""How old "last seen" may grow before a request pays for writing it again."""

TELL = f"notify {CHANNEL}"
"""Every process forgets the subjects it knows when it hears this."""

Row = TypeVar("Row", "Account", Subject)


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


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token as it may be shown: never the secret."""

    name: str
    login: str
    created_at: datetime
    last_used_at: datetime | None = None


class People:
    """The store of everybody who may sign in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Accounts

    def account(self, login: str) -> Account | None:
        """The account of a login, disabled or not; capitals do not matter."""
        return _account(self._one(f"{_ACCOUNT} where lower(login) = lower(%s)", login))

    def account_by_id(self, user_id: int) -> Account | None:
        """The account with that number."""
        return _account(self._one(f"{_ACCOUNT} where id = %s", user_id))

    def accounts(self) -> list[Account]:
        """Everybody, by login."""
        return [found for row in self._all(f"{_ACCOUNT} order by lower(login)") if (found := _account(row))]

    def create_account(self, account: Account) -> Account:
        """Store a new account and return it with its number; raise `NameTaken` for a login in use."""
        try:
            row = self._one(
                "insert into klods.user_account(login, name, kind, platform_id, password_hash)"
                " values (%s, %s, %s, %s, %s) returning *",
                account.login, account.name, account.kind, account.platform_id, account.password_hash,
            )  # fmt: skip
        except errors.UniqueViolation:
            raise NameTaken(name=account.login, reason="somebody signs in with it") from None
        return _account(row) or account

    def first_admin(self) -> Account:
        """The oldest admin of all platforms that is not disabled, made now if there is none."""
        with self._database.connection() as connection, connection.transaction():
            connection.execute("select pg_advisory_xact_lock(hashtext('klods.first_admin'))")
            row = connection.execute(_FIRST_ADMIN).fetchone() or connection.execute(_MAKE_ADMIN).fetchone()
        return _made(Account, row or {})

    def set_password(self, user_id: int, password_hash: str, *, keep_session: bytes | None = None) -> None:
        """Replace a password and end the person's other sessions."""
        with self._database.connection() as connection, connection.transaction():
            connection.execute(
                "update klods.user_account set password_hash = %s where id = %s", [password_hash, user_id]
            )
            connection.execute(
                "delete from klods.user_session where user_id = %s and token_hash is distinct from %s",
                [user_id, keep_session],
            )
            connection.execute(TELL)

    # Sessions

    def open_session(self, token_hash: bytes, subject: Subject, visitor: Visitor) -> None:
        """Store a new session, note the sign-in, and sweep what has expired."""
        with self._database.connection() as connection, connection.transaction():
            connection.execute("delete from klods.user_session where expires_at < now()")
            connection.execute("update klods.user_account set signed_in_at = now() where id = %s", [subject.user_id])
            connection.execute(
                "insert into klods.user_session(token_hash, user_id, platform_id, expires_at, user_agent, ip)"
                " values (%s, %s, %s, now() + %s, %s, %s)",
                [
                    token_hash,
                    subject.user_id,
                    subject.platform_id,
                    IDLE,
                    visitor.user_agent[:300],
                    visitor.address[:64],
                ],
            )

    def session_subject(self, token_hash: bytes) -> Subject | None:
        """Whose session this is, or None; using it pushes its end away, up to `LONGEST`."""
        row = self._one(_SESSION, token_hash)
        if row and row["stale"]:
            self._run(
                "update klods.user_session set seen_at = now(), expires_at = least(now() + %s, created_at + %s)"
                " where token_hash = %s",
                IDLE, LONGEST, token_hash,
            )  # fmt: skip
        return _subject(row)

    def close_session(self, token_hash: bytes) -> None:
        """Delete a session."""
        self._run("delete from klods.user_session where token_hash = %s", token_hash)
        self._tell()

    # API tokens

    def create_token(self, name: str, token_hash: bytes, subject: Subject) -> None:
        """Store a token acting for the subject on its platform; raise `NameTaken` while another one has the name."""
        try:
            self._run(
                "insert into klods.api_token(name, token_hash, user_id, platform_id) values (%s, %s, %s, %s)",
                name, token_hash, subject.user_id, subject.platform_id,
            )  # fmt: skip
        except errors.UniqueViolation:
            raise NameTaken(name=name, reason="a token has it; revoke that one first") from None

    def tokens(self, platform_id: int) -> list[ApiToken]:
        """The tokens in force on a platform, by name."""
        return [ApiToken(**row) for row in self._all(_TOKENS, platform_id)]

    def revoke_token(self, name: str, platform_id: int) -> None:
        """End a token; raise `NoSuchToken` when none in force has that name."""
        if not self._run(
            "update klods.api_token set revoked_at = now()"
            " where name = %s and platform_id = %s and revoked_at is null",
            name, platform_id,
        ):  # fmt: skip
            raise NoSuchToken(name=name)
        self._tell()

    def token_subject(self, token_hash: bytes) -> Subject | None:
        """Whom the token acts for, or None when it is unknown or revoked."""
        row = self._one(_TOKEN, token_hash)
        if row and row["stale"]:
            self._run("update klods.api_token set last_used_at = now() where token_hash = %s", token_hash)
        return _subject(row)

    # One-time links

    def create_link(self, token_hash: bytes, user_id: int, lifetime: timedelta) -> None:
        """Store a link that signs the person in once within its lifetime."""
        self._run(
            "insert into klods.login_link(token_hash, user_id, expires_at) values (%s, %s, now() + %s)",
            token_hash, user_id, lifetime,
        )  # fmt: skip

    def link_is_open(self, token_hash: bytes) -> bool:
        """Whether the link could still be spent."""
        return self._one(f"select 1 as yes from klods.login_link where {_OPEN_LINK}", token_hash) is not None

    def spend_link(self, token_hash: bytes) -> Account:
        """Use the link up and return whose it was; of two at the same moment one gets `LinkSpent`."""
        row = self._one(f"update klods.login_link set used_at = now() where {_OPEN_LINK} returning user_id", token_hash)
        account = self.account_by_id(row["user_id"]) if row else None
        if account is None or account.disabled_at:
            raise LinkSpent
        return account

    # Counted tries

    def count_try(self, key: bytes, window: timedelta) -> tuple[int, float]:
        """Count one more try under the key; return how many there are and for how many seconds they count."""
        row = self._one(_COUNT_TRY, {"key": key, "window": window})
        return (row["tries"], row["seconds"]) if row else (0, 0.0)

    def forget_tries(self, key: bytes) -> None:
        """Start counting anew under the key, and sweep what counts no longer."""
        self._run("delete from klods.sign_in_try where key = %s or since < now() - interval '1 day'", key)

    # Statements

    def _tell(self) -> None:
        """Let every process look again at who may come in."""
        self._run(TELL)

    def _all(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self._database.connection() as connection:
            return connection.execute(statement, _parameters(values)).fetchall()

    def _one(self, statement: str, *values: Any) -> dict[str, Any] | None:
        with self._database.connection() as connection:
            return connection.execute(statement, _parameters(values)).fetchone()

    def _run(self, statement: str, *values: Any) -> int:
        with self._database.connection() as connection:
            return connection.execute(statement, _parameters(values)).rowcount


def _parameters(values: tuple[Any, ...]) -> Sequence[Any] | dict[str, Any]:
    return values[0] if len(values) == 1 and isinstance(values[0], dict) else values


def _account(row: dict[str, Any] | None) -> Account | None:
    return _made(Account, row) if row else None


def _subject(row: dict[str, Any] | None) -> Subject | None:
    return _made(Subject, row) if row else None


def _made(kind: type[Row], row: dict[str, Any]) -> Row:
    known = {entry.name: row[entry.name] for entry in fields(kind)}
    return kind(**known | {"kind": FrontendType(row["kind"])})


_ACCOUNT = "select * from klods.user_account"

_FIRST_ADMIN = f"{_ACCOUNT} where kind = 'admin' and platform_id is null and disabled_at is null order by id limit 1"

_MAKE_ADMIN = """
    insert into klods.user_account(login, name)
    select case when exists (select from klods.user_account where lower(login) = 'admin')
                then 'admin-' || (select count(*) + 1 from klods.user_account) else 'admin' end, 'Administrator'
    returning *"""

_SESSION = f"""
    select u.id as user_id, u.login, u.name, u.kind, s.platform_id, '' as token,
           s.seen_at < now() - interval '{TOUCH.seconds} seconds' as stale
      from klods.user_session s join klods.user_account u on u.id = s.user_id
     where s.token_hash = %s and s.expires_at > now() and u.disabled_at is null
       and (u.platform_id is null or u.platform_id = s.platform_id)"""

_TOKEN = f"""
    select u.id as user_id, u.login, u.name, u.kind, t.platform_id, t.name as token,
           coalesce(t.last_used_at < now() - interval '{TOUCH.seconds} seconds', true) as stale
      from klods.api_token t join klods.user_account u on u.id = t.user_id
     where t.token_hash = %s and t.revoked_at is null and u.disabled_at is null
       and (u.platform_id is null or u.platform_id = t.platform_id)"""

_TOKENS = """
    select t.name, u.login, t.created_at, t.last_used_at
      from klods.api_token t join klods.user_account u on u.id = t.user_id
     where t.platform_id = %s and t.revoked_at is null order by t.name"""

_OPEN_LINK = "token_hash = %s and used_at is null and expires_at > now()"

_COUNT_TRY = """
    insert into klods.sign_in_try as row(key, tries) values (%(key)s, 1)
    on conflict (key) do update set
        tries = case when row.since < now() - %(window)s then 1 else row.tries + 1 end,
        since = case when row.since < now() - %(window)s then now() else row.since end
    returning tries, extract(epoch from since + %(window)s - now())::float as seconds"""
