"""Links that work once."""

from datetime import timedelta
from enum import StrEnum

from klods.db.people.accounts import Account, Accounts
from klods.db.rows import Rows
from klods.errors import LinkSpent


class Purpose(StrEnum):
    """What a link is good for."""

    SIGN_IN = "sign_in"
    PASSWORD = "password"  # noqa: S105
    """To choose a new password."""


class Links:
    """The store of one-time links."""

    def __init__(self, rows: Rows, accounts: Accounts) -> None:
        self._rows = rows
        self._accounts = accounts

    def create(self, token_hash: bytes, user_id: int, lifetime: timedelta, purpose: Purpose = Purpose.SIGN_IN) -> None:
        """Store a link that serves the person once within its lifetime."""
        self._rows.run(
            "insert into klods.login_link(token_hash, user_id, expires_at, purpose) values (%s, %s, now() + %s, %s)",
            token_hash, user_id, lifetime, purpose,
        )  # fmt: skip

    def is_open(self, token_hash: bytes, platform_id: int, purpose: Purpose = Purpose.SIGN_IN) -> bool:
        """Whether the link could still be spent on the platform."""
        found = self._rows.one(
            f"select 1 as yes from klods.login_link l where {_OPEN}", token_hash, purpose, platform_id, platform_id
        )
        return found is not None

    def spend(self, token_hash: bytes, platform_id: int, purpose: Purpose = Purpose.SIGN_IN) -> Account:
        """Use the link up and return whose it was; of two at the same moment one gets `LinkSpent`."""
        spend = f"update klods.login_link l set used_at = now() where {_OPEN} returning user_id"
        row = self._rows.one(spend, token_hash, purpose, platform_id, platform_id)
        account = self._accounts.by_id(row["user_id"]) if row else None
        if account is None:
            raise LinkSpent
        return account


_OPEN = """
    token_hash = %s and used_at is null and expires_at > now() and purpose = %s
    and exists (select from klods.user_account u where u.id = l.user_id and u.disabled_at is null
                   and coalesce(u.platform_id, %s) = %s)"""
