"""What is done to people and roles, for the API and the pages alike: nobody goes beyond what they may themselves."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Annotated

from klods.db.people.accounts import Account
from klods.db.people.roles import Role
from klods.errors import InvalidName, NoSuchUser
from klods.kernel.authority import refuse_elsewhere, refuse_stronger
from klods.kernel.definition import FrontendType
from klods.kernel.i18n import LOCALES
from klods.kernel.permissions import known_permissions
from klods.kernel.subject import Subject
from klods.web.asking import working_as
from klods.web.auth.first_start import make_password_link
from klods.web.services import HostServices


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody who is to be made: on one platform, or on all when that is None."""

    login: str
    name: str = ""
    email: str = ""
    locale: str = ""
    kind: FrontendType = FrontendType.ADMIN
    platform_id: int | None = None
    vendor: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserAdministration:
    """Works for one signed-in person."""

    services: HostServices
    by: Subject

    def everybody(self) -> list[Account]:
        """The people of the caller's platform, or of the whole hub for who is there everywhere."""
        return [account for account in self.services.people.accounts.all() if self._sees(account)]

    def held(self) -> dict[int, list[Role]]:
        """The roles of everybody that count on the caller's platform, by the number of the person."""
        return self.services.people.roles.held(self.by.platform_id)

    def find(self, login: str) -> Account:
        """Somebody the caller sees; raise `NoSuchUser`."""
        account = self.services.people.accounts.find(login)
        if account is None or not self._sees(account):
            raise NoSuchUser(login=login)
        return account

    def create(self, wanted: Wanted) -> Account:
        """Make an account with its roles; raise what forbids it."""
        refuse_elsewhere(self.by, wanted.platform_id, "An account for all platforms")
        _refuse_unknown_language(wanted.locale)
        roles = self._roles(wanted.roles, wanted.kind)
        refuse_stronger(self.by, _permissions(roles))
        vendor_id = self._vendor(wanted)
        account = self.services.people.accounts.create(
            Account(
                0,
                wanted.login.strip(),
                wanted.name.strip(),
                wanted.kind,
                wanted.platform_id,
                email=wanted.email.strip(),
                locale=wanted.locale,
                vendor_id=vendor_id,
            )
        )
        self.services.people.roles.assign(roles, account.id, wanted.platform_id or self.by.platform_id)
        return account

    def change(
        self, login: str, *, name: str | None = None, email: str | None = None, locale: str | None = None
    ) -> Account:
        """Replace what is known about somebody; what is None stays."""
        account = self._touchable(login)
        _refuse_unknown_language(locale or "")
        self.services.people.accounts.change(
            account.id,
            name=account.name if name is None else name,
            email=account.email if email is None else email,
            locale=account.locale if locale is None else locale,
        )
        return self.find(login)

    def assign(self, login: str, codes: Collection[str]) -> list[Role]:
        """Let somebody have exactly these roles; what changes must be within the caller's own power."""
        account = self.find(login)
        here = self.by.platform_id
        before = self.services.people.roles.of(account.id, here)
        after = self._roles(codes, account.kind)
        changed = {role.id: role for role in (*before, *after) if (role in before) is not (role in after)}
        refuse_elsewhere(self.by, account.platform_id, f"What {account.login} may do")
        refuse_stronger(self.by, _permissions(changed.values()))
        self.services.people.roles.assign(after, account.id, here)
        self.services.authenticator.forget()
        return self.services.people.roles.of(account.id, here)

    def disable(self, login: str) -> Account:
        """Let somebody come in no longer."""
        self.services.people.accounts.disable(self._touchable(login).id)
        self.services.authenticator.forget()
        return self.find(login)

    def enable(self, login: str) -> Account:
        """Let somebody come in again."""
        self.services.people.accounts.enable(self._touchable(login).id)
        return self.find(login)

    def sign_out(self, login: str, sign_in: int | None = None) -> int:
        """End one sign-in of somebody, or all; return how many ended."""
        account = self._touchable(login)
        ended = 1
        if sign_in is None:
            ended = self.services.people.sign_ins.end_all(account.id)
        else:
            self.services.people.sign_ins.end(account.id, sign_in)
        self.services.authenticator.forget()
        return ended

    def password_link(self, login: str, address: str) -> str:
        """A link by which somebody chooses a new password, once within an hour."""
        return make_password_link(self.services.people, self._touchable(login), address)

    def roles(self) -> list[Role]:
        """The roles that count on the caller's platform."""
        return self.services.people.roles.all(self.by.platform_id)

    def permissions(self) -> dict[str, str]:
        """Every permission code there is to give, with what it is for or whose it is."""
        return dict(known_permissions(self.services.catalog().definitions.values()))

    def create_role(self, role: Role) -> Role:
        """Make a role that counts on one platform, or on all."""
        refuse_elsewhere(self.by, role.platform_id, "A role for all platforms")
        refuse_stronger(self.by, role.permissions)
        return self.services.people.roles.create(role)

    def change_role(self, code: str, *, name: str, permissions: Collection[str]) -> Role:
        """Replace what a role is called and allows."""
        role = self._changeable(code)
        refuse_stronger(self.by, set(permissions) ^ set(role.permissions))
        self.services.people.roles.change(role, name=name, permissions=permissions)
        self.services.authenticator.forget()
        return self.services.people.roles.find(code, self.by.platform_id)

    def delete_role(self, code: str) -> None:
        """Delete a role; whoever has it loses it."""
        role = self._changeable(code)
        refuse_stronger(self.by, role.permissions)
        self.services.people.roles.delete(role)
        self.services.authenticator.forget()

    def _changeable(self, code: str) -> Role:
        role = self.services.people.roles.find(code, self.by.platform_id)
        refuse_elsewhere(self.by, role.platform_id, f"The role {role.code}")
        return role

    def _sees(self, account: Account) -> bool:
        return self.by.is_everywhere or account.platform_id == self.by.platform_id

    def _touchable(self, login: str) -> Account:
        """Somebody who may do nothing that the caller may not."""
        account = self.find(login)
        if account.id != self.by.user_id:
            refuse_stronger(self.by, _permissions(self.services.people.roles.of(account.id)))
        return account

    def _roles(self, codes: Iterable[str], kind: FrontendType) -> list[Role]:
        found = [self.services.people.roles.find(code, self.by.platform_id) for code in dict.fromkeys(codes)]
        for role in found:
            if role.kind is not kind:
                raise InvalidName(name=role.code, reason=f"it is a role for {role.kind}s, and this is a {kind}")
        return found

    def _vendor(self, wanted: Wanted) -> int | None:
        if wanted.kind is FrontendType.ADMIN:
            if wanted.vendor:
                raise InvalidName(name=wanted.vendor, reason="only people of kind vendor belong to one")
            return None
        if wanted.platform_id is None:
            raise InvalidName(name=wanted.login, reason="somebody of kind vendor needs a platform")
        return self.services.vendors.find(wanted.vendor, wanted.platform_id).id if wanted.vendor else None


def _refuse_unknown_language(locale: str) -> None:
    if locale and locale not in LOCALES:
        raise InvalidName(name=locale, reason=f"the languages are {', '.join(LOCALES)}")


def _permissions(roles: Iterable[Role]) -> set[str]:
    return {permission for role in roles for permission in role.permissions}


Reading = Annotated[UserAdministration, working_as(UserAdministration, "klods.people.read")]
Managing = Annotated[UserAdministration, working_as(UserAdministration, "klods.people.manage")]
ManagingRoles = Annotated[UserAdministration, working_as(UserAdministration, "klods.roles.manage")]
