"""Links that work once."""

from datetime import timedelta

from klods.db.people.accounts import Account, Accounts
from klods.db.people.rows import Rows
from klods.errors import LinkSpent


class Links:
    """The store of one-time links."""

    def __init__(self, rows: Rows, accounts: Accounts) -> None:
        self._rows = rows
        self._accounts = accounts

    def create(self, token_hash: bytes, user_id: int, lifetime: timedelta) -> None:
        """Store a link that signs the person in once within its lifetime."""
        self._rows.run(
            "insert into klods.login_link(token_hash, user_id, expires_at) values (%s, %s, now() + %s)",
            token_hash, user_id, lifetime,
        )  # fmt: skip

    def is_open(self, token_hash: bytes) -> bool:
        """Whether the link could still be spent."""
        return self._rows.one(f"select 1 as yes from klods.login_link where {_OPEN}", token_hash) is not None

    def spend(self, token_hash: bytes) -> Account:
        """Use the link up and return whose it was; of two at the same moment one gets `LinkSpent`."""
        row = self._rows.one(f"update klods.login_link set used_at = now() where {_OPEN} returning user_id", token_hash)
        account = self._accounts.by_id(row["user_id"]) if row else None
        if account is None or account.disabled_at:
            raise LinkSpent
        return account


_OPEN = "token_hash = %s and used_at is null and expires_at > now()"
