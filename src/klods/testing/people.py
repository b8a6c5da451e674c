"""People that tests sign in as."""

import secrets
from collections.abc import Sequence

from klods.db.database import Database
from klods.db.people.accounts import Account
from klods.db.people.roles import Role
from klods.db.people.stores import People
from klods.kernel.definition import FrontendType
from klods.kernel.subject import DEFAULT_PLATFORM
from klods.web.auth.tokens import issue_token


def new_token(database: Database, permissions: Sequence[str], kind: str) -> str:
    """The token of somebody new whose one role allows just these permissions."""
    people, name = People(database), f"test-{secrets.token_hex(4)}"
    account = people.accounts.create(Account(0, name, kind=FrontendType(kind), platform_id=DEFAULT_PLATFORM))
    people.roles.give(people.roles.create(Role(name, "", FrontendType(kind), tuple(permissions))), account.id)
    return issue_token(people, name, account.on(DEFAULT_PLATFORM))
