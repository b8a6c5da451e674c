"""What people change about their own account, for the API and the pages alike; no role is needed for it."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import Depends

from klods.db.people.accounts import Account
from klods.db.people.sign_ins import Visitor
from klods.errors import NoSuchUser
from klods.kernel.subject import Subject
from klods.web.asking import Services, SignedIn
from klods.web.services import HostServices


@dataclass(frozen=True, slots=True)
class Known:
    """What is to be known about somebody; what is None stays."""

    name: str | None = None
    email: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class OwnAccount:
    """Works for one signed-in person."""

    services: HostServices
    by: Subject

    def read(self) -> Account:
        """The account as it is stored; raise `NoSuchUser` when it has gone meanwhile."""
        account = self.services.people.accounts.by_id(self.by.user_id)
        if account is None:
            raise NoSuchUser(login=self.by.login)
        return account

    async def change(self, wanted: Known, password: str, visitor: Visitor) -> Account:
        """Replace what is known; another mail address takes the present password, because links to new ones go there.

        Raises `WrongPassword`, `TooManyTries` or, for an address that is none, `InvalidName`.
        """
        account = await to_thread.run_sync(self.read)
        email = account.email if wanted.email is None else wanted.email.strip()
        if email != account.email:
            await self.services.sign_in.check_password(account.id, password, visitor)
        await to_thread.run_sync(
            partial(
                self.services.people.accounts.change,
                account.id,
                name=account.name if wanted.name is None else wanted.name,
                email=email,
                locale=account.locale if wanted.locale is None else wanted.locale,
            )
        )
        self.services.authenticator.forget()
        return await to_thread.run_sync(self.read)


def _mine(services: Services, caller: SignedIn) -> OwnAccount:
    return OwnAccount(services, caller)


Mine = Annotated[OwnAccount, Depends(_mine)]
