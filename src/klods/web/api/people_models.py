"""The shapes of the API for people, roles and sign-ins."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from klods.db.people.accounts import Account
from klods.db.people.roles import Role
from klods.kernel.definition import FrontendType
from klods.kernel.platforms import Platforms
from klods.kernel.subject import Subject
from klods.web.api.module_models import Name, Shape
from klods.web.storable import PLAIN

Text = Annotated[str, StringConstraints(max_length=200, pattern=PLAIN, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PLAIN)]
Language = Annotated[
    Literal["", "en", "da", "ru"], Field(description="the language of mails and pages; empty: as usual")
]
Permissions = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PLAIN)]],
    Field(max_length=500, description="codes; `customers.*` is all below it, `*` everything"),
]


class UserIn(Shape):
    """Somebody who is to be made."""

    login: Name
    name: Text = ""
    email: Text = ""
    locale: Language = ""
    kind: FrontendType = FrontendType.ADMIN
    platform: Annotated[Text | None, Field(description="the code of the only platform; null is every platform")] = None
    vendor: Annotated[Text, Field(description="the code of the vendor that somebody of that kind works for")] = ""
    roles: Annotated[list[Code], Field(max_length=50, default_factory=list)]


class UserChangeIn(Shape):
    """What is to be known about somebody from now on; what is not given stays."""

    name: Text | None = None
    email: Text | None = None
    locale: Language | None = None


class UserRolesIn(Shape):
    """The roles that somebody is to have."""

    roles: Annotated[list[Code], Field(max_length=50)]


class UserOut(Shape):
    """Somebody who may sign in."""

    login: str
    name: str
    email: str
    locale: str
    kind: FrontendType
    platform: Annotated[str | None, Field(description="the only platform; null is every platform")]
    roles: list[str]
    has_password: bool
    signed_in_at: datetime | None
    disabled_at: datetime | None

    @classmethod
    def of(cls, account: Account, roles: list[Role], platforms: Platforms) -> Self:
        """The account as it may be shown."""
        platform = platforms.by_id.get(account.platform_id) if account.platform_id else None
        return cls(
            login=account.login,
            name=account.name,
            email=account.email,
            locale=account.locale,
            kind=account.kind,
            platform=platform.code if platform else None,
            roles=[role.code for role in roles],
            has_password=account.password_hash is not None,
            signed_in_at=account.signed_in_at,
            disabled_at=account.disabled_at,
        )


class LinkOut(Shape):
    """A link that works once, within an hour."""

    link: str


class MeIn(Shape):
    """What is to be known about you from now on; what is not given stays."""

    name: Text | None = None
    email: Text | None = None
    locale: Language | None = None
    password: Annotated[
        str, StringConstraints(max_length=1000), Field(description="your present one; only another address takes it")
    ] = ""


class MeOut(Shape):
    """Who you are here."""

    login: str
    name: str
    email: str
    locale: str
    kind: FrontendType
    platform_id: int
    has_password: bool
    token: Annotated[str, Field(description="the name of the API token in use, empty in a browser session")]

    @classmethod
    def of(cls, caller: Subject, account: Account) -> Self:
        """The caller with what is known now."""
        return cls(
            login=account.login,
            name=account.name,
            email=account.email,
            locale=account.locale,
            kind=account.kind,
            platform_id=caller.platform_id,
            has_password=account.password_hash is not None,
            token=caller.token,
        )


class SignInOut(Shape):
    """Where somebody is signed in."""

    id: int
    created_at: datetime
    seen_at: datetime
    user_agent: str
    address: str
    is_this: Annotated[bool, Field(description="whether it is the one that asks")]


class EndedOut(Shape):
    """How many sign-ins were ended."""

    ended: int


class RoleIn(Shape):
    """A role that is to be made."""

    code: Code
    name: Text = ""
    kind: FrontendType = FrontendType.ADMIN
    permissions: Permissions = Field(default_factory=list)
    everywhere: Annotated[bool, Field(description="whether it counts on every platform, or on yours only")] = False


class RoleChangeIn(Shape):
    """What a role is to be called and to allow."""

    name: Text = ""
    permissions: Permissions


class RoleOut(Shape):
    """A named list of permissions."""

    code: str
    name: str
    kind: FrontendType
    permissions: list[str]
    everywhere: bool
    is_builtin: bool
    people: Annotated[int, Field(description="how many have it")]

    @classmethod
    def of(cls, role: Role) -> Self:
        """The role as it may be shown."""
        return cls(
            code=role.code,
            name=role.name,
            kind=role.kind,
            permissions=list(role.permissions),
            everywhere=role.platform_id is None,
            is_builtin=role.is_builtin,
            people=role.people,
        )


class PermissionOut(Shape):
    """A permission that a role can hold."""

    code: str
    meaning: Annotated[str, Field(description="what it is for, or the module that asks for it")]
