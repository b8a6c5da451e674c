"""The API for people, their roles and their sign-ins."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from klods.db.people.roles import Role
from klods.web.addresses import address_on
from klods.web.administration.people import Managing, ManagingRoles, Reading, UserAdministration, Wanted
from klods.web.api.people_models import (
    EndedOut,
    LinkOut,
    PermissionOut,
    RoleChangeIn,
    RoleIn,
    RoleOut,
    SignInOut,
    UserChangeIn,
    UserIn,
    UserOut,
    UserRolesIn,
)
from klods.web.api.refusals import REFUSALS
from klods.web.asking import Services, SignedIn
from klods.web.auth.credentials import session_secret
from klods.web.auth.secrets import digest
from klods.web.storable import PLAIN

router = APIRouter(prefix="/api/v1", responses=REFUSALS)

Login = Annotated[str, Path(max_length=100, pattern=PLAIN)]
RoleCode = Annotated[str, Path(max_length=40, pattern=PLAIN)]
Number = Annotated[int, Path(ge=1, le=2**62)]


@router.get("/users", tags=["people"], operation_id="list_users")
def list_users(people: Reading) -> list[UserOut]:
    """Everybody who may sign in on your platform; of the whole hub, if your account is for all platforms."""
    held, platforms = people.held(), people.services.switchboard.current.platforms
    return [UserOut.of(account, held.get(account.id, []), platforms) for account in people.everybody()]


@router.post("/users", tags=["people"], operation_id="create_user", status_code=201)
def create_user(wanted: UserIn, people: Managing) -> UserOut:
    """Make an account; without a password its owner comes in by a link."""
    platform = people.services.platforms.read().find(wanted.platform).id if wanted.platform else None
    account = people.create(
        Wanted(
            wanted.login,
            wanted.name,
            wanted.email,
            wanted.locale,
            wanted.kind,
            platform,
            wanted.vendor,
            tuple(wanted.roles),
        )
    )
    return _shown(people, account.login)


@router.get("/users/{login}", tags=["people"], operation_id="get_user")
def get_user(login: Login, people: Reading) -> UserOut:
    """One person."""
    return _shown(people, login)


@router.patch("/users/{login}", tags=["people"], operation_id="change_user")
def change_user(login: Login, wanted: UserChangeIn, people: Managing) -> UserOut:
    """Change what is known about somebody."""
    people.change(login, name=wanted.name, email=wanted.email, locale=wanted.locale)
    return _shown(people, login)


@router.put("/users/{login}/roles", tags=["people"], operation_id="assign_roles")
def assign_roles(login: Login, wanted: UserRolesIn, people: Managing) -> UserOut:
    """Let somebody have exactly these of the roles that count on your platform."""
    people.assign(login, wanted.roles)
    return _shown(people, login)


@router.post("/users/{login}/disable", tags=["people"], operation_id="disable_user")
def disable_user(login: Login, people: Managing) -> UserOut:
    """Let somebody come in no longer, by no sign-in, token or link."""
    people.disable(login)
    return _shown(people, login)


@router.post("/users/{login}/enable", tags=["people"], operation_id="enable_user")
def enable_user(login: Login, people: Managing) -> UserOut:
    """Let somebody come in again."""
    people.enable(login)
    return _shown(people, login)


@router.post("/users/{login}/password-link", tags=["people"], operation_id="make_password_link", status_code=201)
def make_password_link(login: Login, request: Request, people: Managing) -> LinkOut:
    """A link by which somebody chooses a new password; hand it over in person, it is as good as the password."""
    account = people.find(login)
    address = address_on(people.services.switchboard.current.platforms, account.platform_id, str(request.base_url))
    return LinkOut(link=people.password_link(login, address))


@router.get("/users/{login}/sign-ins", tags=["people"], operation_id="list_sign_ins")
def list_sign_ins(login: Login, people: Managing) -> list[SignInOut]:
    """Where somebody is signed in."""
    return [_sign_in(row) for row in people.services.people.sign_ins.of(people.find(login).id)]


@router.delete("/users/{login}/sign-ins", tags=["people"], operation_id="end_sign_ins")
def end_sign_ins(login: Login, people: Managing) -> EndedOut:
    """Sign somebody out everywhere; API tokens go on."""
    return EndedOut(ended=people.sign_out(login))


@router.get("/me/sign-ins", tags=["me"], operation_id="list_my_sign_ins")
def list_my_sign_ins(request: Request, caller: SignedIn, services: Services) -> list[SignInOut]:
    """Where you are signed in."""
    this = digest(session_secret(request.scope))
    return [_sign_in(row) for row in services.people.sign_ins.of(caller.user_id, this)]


@router.delete("/me/sign-ins/{number}", tags=["me"], operation_id="end_my_sign_in", status_code=204)
def end_my_sign_in(number: Number, caller: SignedIn, services: Services) -> None:
    """End one of your sign-ins."""
    services.people.sign_ins.end(caller.user_id, number)
    services.authenticator.forget()


@router.delete("/me/sign-ins", tags=["me"], operation_id="end_my_other_sign_ins")
def end_my_other_sign_ins(request: Request, caller: SignedIn, services: Services) -> EndedOut:
    """End all of your sign-ins but the one that asks."""
    ended = services.people.sign_ins.end_all(caller.user_id, but=digest(session_secret(request.scope)))
    services.authenticator.forget()
    return EndedOut(ended=ended)


@router.get("/roles", tags=["roles"], operation_id="list_roles")
def list_roles(people: Reading) -> list[RoleOut]:
    """The roles that count on your platform."""
    return [RoleOut.of(role) for role in people.roles()]


@router.get("/roles/permissions", tags=["roles"], operation_id="list_permissions")
def list_permissions(people: Reading) -> list[PermissionOut]:
    """Every permission code that a role can hold."""
    return [PermissionOut(code=code, meaning=meaning) for code, meaning in people.permissions().items()]


@router.post("/roles", tags=["roles"], operation_id="create_role", status_code=201)
def create_role(wanted: RoleIn, people: ManagingRoles) -> RoleOut:
    """Make a role; it can hold only what you may do yourself."""
    platform = None if wanted.everywhere else people.by.platform_id
    role = Role(wanted.code, wanted.name, wanted.kind, tuple(wanted.permissions), platform)
    return RoleOut.of(people.create_role(role))


@router.put("/roles/{code}", tags=["roles"], operation_id="change_role")
def change_role(code: RoleCode, wanted: RoleChangeIn, people: ManagingRoles) -> RoleOut:
    """Replace what a role is called and allows."""
    return RoleOut.of(people.change_role(code, name=wanted.name, permissions=wanted.permissions))


@router.delete("/roles/{code}", tags=["roles"], operation_id="delete_role", status_code=204)
def delete_role(code: RoleCode, people: ManagingRoles) -> None:
    """Delete a role; whoever has it loses it."""
    people.delete_role(code)


def _shown(people: UserAdministration, login: str) -> UserOut:
    account = people.find(login)
    roles = people.services.people.roles.of(account.id, people.by.platform_id)
    return UserOut.of(account, roles, people.services.switchboard.current.platforms)


def _sign_in(row: object) -> SignInOut:
    return SignInOut.model_validate({name: getattr(row, name) for name in SignInOut.model_fields})
