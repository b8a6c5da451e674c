"""Sign-ins: what a browser's session cookie stands for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from klods.db.people.subjects import subject_of, subjects_by
from klods.db.rows import Rows
from klods.errors import NoSuchSignIn
from klods.kernel.subject import DEFAULT_PLATFORM, Subject

IDLE = timedelta(days=7)
"""A session nobody uses ends after this."""

LONGEST = timedelta(days=60)
"""A session ends after this however much it is used."""

TOUCH = timedelta(minutes=1)
"""How old "last seen" may grow before a request pays for writing it again."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from, and to which platform."""

    address: str = ""
    user_agent: str = ""
    platform_id: int = DEFAULT_PLATFORM


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One sign-in as it may be shown."""

    id: int
    created_at: datetime
    seen_at: datetime
    user_agent: str
    address: str
    platform_id: int
    is_this: bool = False
    """Whether it is the one that asks."""


class SignIns:
    """The store of sessions."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def open(self, token_hash: bytes, subject: Subject, visitor: Visitor) -> None:
        """Store a new session, note the sign-in, and sweep what has expired."""
        row = [token_hash, subject.user_id, subject.platform_id, IDLE, visitor.user_agent[:300], visitor.address[:64]]
        with self._rows.transaction() as connection:
            connection.execute("delete from klods.user_session where expires_at < now()")
            connection.execute("update klods.user_account set signed_in_at = now() where id = %s", [subject.user_id])
            connection.execute(
                "insert into klods.user_session(token_hash, user_id, platform_id, expires_at, user_agent, ip)"
                " values (%s, %s, %s, now() + %s, %s, %s)",
                row,
            )

    def subject(self, token_hash: bytes) -> Subject | None:
        """Whose session this is, or None; using it pushes its end away, up to `LONGEST`."""
        row = self._rows.one(_SESSION, token_hash)
        if row and row["stale"]:
            self._rows.run(
                "update klods.user_session set seen_at = now(), expires_at = least(now() + %s, created_at + %s)"
                " where token_hash = %s",
                IDLE, LONGEST, token_hash,
            )  # fmt: skip
        return subject_of(row)

    def of(self, user_id: int, this: bytes = b"") -> list[SignedIn]:
        """Where somebody is signed in, what was used last first."""
        return [SignedIn(**row) for row in self._rows.all(_OPEN, this, user_id)]

    def end(self, user_id: int, sign_in: int) -> None:
        """End one sign-in of somebody; raise `NoSuchSignIn`."""
        if not self._rows.run("delete from klods.user_session where id = %s and user_id = %s", sign_in, user_id):
            raise NoSuchSignIn
        self._rows.tell()

    def end_all(self, user_id: int, *, but: bytes = b"") -> int:
        """End every sign-in of somebody but one; return how many there were."""
        ended = self._rows.run("delete from klods.user_session where user_id = %s and token_hash <> %s", user_id, but)
        self._rows.tell()
        return ended

    def close(self, token_hash: bytes) -> None:
        """Delete a session."""
        self._rows.run("delete from klods.user_session where token_hash = %s", token_hash)
        self._rows.tell()


_STALE = f"'' as token, s.seen_at < now() - interval '{TOUCH.seconds} seconds' as stale"
_SESSION = f"{subjects_by('klods.user_session', _STALE)} and s.expires_at > now()"

_OPEN = """
    select id, created_at, seen_at, user_agent, ip as address, platform_id, token_hash = %s as is_this
      from klods.user_session where user_id = %s and expires_at > now() order by seen_at desc"""
