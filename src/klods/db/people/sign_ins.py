"""Sign-ins: what a browser's session cookie stands for."""

from dataclasses import dataclass
from datetime import timedelta

from klods.db.people.rows import Rows
from klods.db.people.subjects import subject_of
from klods.kernel.subject import Subject

IDLE = timedelta(days=7)
"""A session nobody uses ends after this."""

LONGEST = timedelta(days=60)
"""A session ends after this however much it is used."""

TOUCH = timedelta(minutes=1)
"""How old "last seen" may grow before a request pays for writing it again."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a sign-in comes from."""

    address: str = ""
    user_agent: str = ""


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

    def close(self, token_hash: bytes) -> None:
        """Delete a session."""
        self._rows.run("delete from klods.user_session where token_hash = %s", token_hash)
        self._rows.tell()


_SESSION = f"""
    select u.id as user_id, u.login, u.name, u.kind, s.platform_id, '' as token,
           s.seen_at < now() - interval '{TOUCH.seconds} seconds' as stale
      from klods.user_session s join klods.user_account u on u.id = s.user_id
     where s.token_hash = %s and s.expires_at > now() and u.disabled_at is null
       and (u.platform_id is null or u.platform_id = s.platform_id)"""
