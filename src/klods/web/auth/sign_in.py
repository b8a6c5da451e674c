"""Signing in and out: by password, counted and timed alike, or by a link that works once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TypeVar, TypeVarTuple

from anyio import to_thread

from klods.db.people.accounts import Account
from klods.db.people.links import Purpose
from klods.db.people.sign_ins import Visitor
from klods.db.people.stores import People
from klods.errors import LinkSpent, TooManyTries, WrongPassword
from klods.web.auth.passwords import Passwords
from klods.web.auth.secrets import digest, new_secret

WINDOW = timedelta(minutes=15)
TRIES = 10
"""For one login from one address in the window."""

TRIES_OF_ADDRESS = 60
"""For all logins from one address: guessing one password for many people."""

TRIES_OF_LOGIN = 200
"""For one login from all addresses; high, because it also locks its owner out."""

T = TypeVar("T")
Values = TypeVarTuple("Values")


class SignIn:
    """Opens and closes sessions."""

    def __init__(self, people: People, passwords: Passwords) -> None:
        self._people = people
        self._passwords = passwords

    async def with_password(self, login: str, password: str, visitor: Visitor) -> str:
        """The secret of a new session; raise `WrongPassword` or `TooManyTries` and tell nothing else."""
        await self._count(login, visitor)
        account = await _in_thread(self._people.accounts.find, login) if login.isprintable() else None
        known = account if account and account.may_enter(visitor.platform_id) else None
        if not await self._passwords.matches(known.password_hash if known else None, password) or known is None:
            raise WrongPassword
        await _in_thread(self._people.tries.forget, _pair(login, visitor))
        return await self._open(known, visitor)

    async def with_link(self, link: str, visitor: Visitor) -> str:
        """The secret of a new session for a link; raise `LinkSpent` when it has been used or has expired."""
        account = await _in_thread(self._people.links.spend, digest(link), visitor.platform_id)
        return await self._open(account, visitor)

    async def link_is_open(self, link: str, platform_id: int, purpose: Purpose = Purpose.SIGN_IN) -> bool:
        """Whether a link could still be used on the platform; looking does not use it up."""
        return await _in_thread(self._people.links.is_open, digest(link), platform_id, purpose)

    async def reset_password(self, link: str, new: str, visitor: Visitor) -> str:
        """Choose a new password by a link, end every sign-in there was, and return the secret of a new one.

        Raises `InvalidPassword`, which does not use the link up, or `LinkSpent`.
        """
        if not await self.link_is_open(link, visitor.platform_id, Purpose.PASSWORD):
            # A hash is dear, and anybody can make up a link.
            raise LinkSpent
        password_hash = await self._passwords.hash(new)
        account = await _in_thread(self._people.links.spend, digest(link), visitor.platform_id, Purpose.PASSWORD)
        await _in_thread(self._people.accounts.set_password, account.id, password_hash)
        return await self._open(account, visitor)

    async def count_reminder(self, named: str, visitor: Visitor) -> None:
        """Count a question for a link to a new password; raise `TooManyTries`."""
        await self._count(f"remind {named}", visitor)

    async def sign_out(self, secret: str) -> None:
        """End the session with that secret."""
        await _in_thread(self._people.sign_ins.close, digest(secret))

    async def change_password(self, user_id: int, new: str, session: str) -> None:
        """Set a new password and end every other session of the person."""
        password_hash = await self._passwords.hash(new)
        await _in_thread(
            partial(self._people.accounts.set_password, keep_session=digest(session)), user_id, password_hash
        )

    async def check_password(self, user_id: int, password: str, visitor: Visitor) -> None:
        """Raise `WrongPassword` unless it is the person's present one or there is none yet; counted like a sign-in."""
        account = await _in_thread(self._people.accounts.by_id, user_id)
        if account is None:
            raise WrongPassword
        if account.password_hash is not None:
            await self._count(account.login, visitor)
            if not await self._passwords.matches(account.password_hash, password):
                raise WrongPassword

    async def _open(self, account: Account, visitor: Visitor) -> str:
        secret = new_secret()
        subject = account.on(visitor.platform_id)
        await _in_thread(self._people.sign_ins.open, digest(secret), subject, visitor)
        return secret

    async def _count(self, login: str, visitor: Visitor) -> None:
        limits = (
            (_pair(login, visitor), TRIES),
            (digest(f"address {visitor.address}"), TRIES_OF_ADDRESS),
            (digest(f"login {login.lower()}"), TRIES_OF_LOGIN),
        )
        for key, most in limits:
            tries, seconds = await _in_thread(self._people.tries.count, key, WINDOW)
            if tries > most:
                raise TooManyTries(seconds=max(1, round(seconds)))


def _pair(login: str, visitor: Visitor) -> bytes:
    return digest(f"login {login.lower()} from {visitor.address}")


async def _in_thread(function: Callable[[*Values], T], *values: *Values) -> T:
    return await to_thread.run_sync(function, *values)
