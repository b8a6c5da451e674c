"""API tokens, which act for a person on one platform."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import errors

from klods.db.people.sign_ins import TOUCH
from klods.db.people.subjects import subject_of, subjects_by
from klods.db.rows import Rows
from klods.errors import NameTaken, NoSuchToken
from klods.kernel.subject import Subject


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token as it may be shown: never the secret."""

    name: str
    login: str
    created_at: datetime
    last_used_at: datetime | None = None


class Tokens:
    """The store of API tokens."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def create(self, name: str, token_hash: bytes, subject: Subject) -> None:
        """Store a token acting for the subject on its platform; raise `NameTaken` while another one has the name."""
        try:
            self._rows.run(
                "insert into klods.api_token(name, token_hash, user_id, platform_id) values (%s, %s, %s, %s)",
                name, token_hash, subject.user_id, subject.platform_id,
            )  # fmt: skip
        except errors.UniqueViolation:
            raise NameTaken(name=name, reason="a token has it; revoke that one first") from None

    def all(self, platform_id: int, *, only_of: int | None = None) -> list[ApiToken]:
        """The tokens in force on a platform, by name: everybody's, or those of one person."""
        return [ApiToken(**row) for row in self._rows.all(_TOKENS, platform_id, only_of, only_of)]

    def revoke(self, name: str, platform_id: int, *, only_of: int | None = None) -> None:
        """End a token, of anybody or of one person; raise `NoSuchToken` when none in force has that name."""
        if not self._rows.run(
            "update klods.api_token set revoked_at = now()"
            " where name = %s and platform_id = %s and user_id = coalesce(%s, user_id) and revoked_at is null",
            name, platform_id, only_of,
        ):  # fmt: skip
            raise NoSuchToken(name=name)
        self._rows.tell()

    def subject(self, token_hash: bytes) -> Subject | None:
        """Whom the token acts for, or None when it is unknown or revoked."""
        row = self._rows.one(_TOKEN, token_hash)
        if row and row["stale"]:
            self._rows.run("update klods.api_token set last_used_at = now() where token_hash = %s", token_hash)
        return subject_of(row)


_STALE = f"s.name as token, coalesce(s.last_used_at < now() - interval '{TOUCH.seconds} seconds', true) as stale"
_TOKEN = f"{subjects_by('klods.api_token', _STALE)} and s.revoked_at is null"

_TOKENS = """
    select t.name, u.login, t.created_at, t.last_used_at
      from klods.api_token t join klods.user_account u on u.id = t.user_id
     where t.platform_id = %s and (%s::bigint is null or t.user_id = %s) and t.revoked_at is null order by t.name"""
