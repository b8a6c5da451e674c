"""API tokens, which act for a person on one platform."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import errors

from klods.db.people.rows import Rows
from klods.db.people.sign_ins import TOUCH
from klods.db.people.subjects import subject_of
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

    def all(self, platform_id: int) -> list[ApiToken]:
        """The tokens in force on a platform, by name."""
        return [ApiToken(**row) for row in self._rows.all(_TOKENS, platform_id)]

    def revoke(self, name: str, platform_id: int) -> None:
        """End a token; raise `NoSuchToken` when none in force has that name."""
        if not self._rows.run(
            "update klods.api_token set revoked_at = now()"
            " where name = %s and platform_id = %s and revoked_at is null",
            name, platform_id,
        ):  # fmt: skip
            raise NoSuchToken(name=name)
        self._rows.tell()

    def subject(self, token_hash: bytes) -> Subject | None:
        """Whom the token acts for, or None when it is unknown or revoked."""
        row = self._rows.one(_TOKEN, token_hash)
        if row and row["stale"]:
            self._rows.run("update klods.api_token set last_used_at = now() where token_hash = %s", token_hash)
        return subject_of(row)


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
