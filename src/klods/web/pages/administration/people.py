"""The pages of people: who may sign in, what they may do, where they are signed in."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, StringConstraints, create_model
from starlette.responses import Response

from klods.db.people.accounts import Account
from klods.db.people.roles import Role
from klods.errors import KlodsError
from klods.kernel.definition import FrontendType
from klods.kernel.i18n import LOCALES
from klods.web.addresses import address_on
from klods.web.administration.people import Managing, Reading, UserAdministration, Wanted
from klods.web.asking import Services
from klods.web.errors import status_of
from klods.web.pages.administration.acting import carry_out
from klods.web.pages.administration.choices import naming, one_of
from klods.web.pages.devices import device_name
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.kit.form import Form as KitForm
from klods.web.pages.kit.table import Table
from klods.web.pages.rendering import redirect, render
from klods.web.storable import PLAIN

router = APIRouter(prefix="/admin/people", include_in_schema=False)

HOME = "/admin/people"
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=PLAIN)]
RoleCode = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PLAIN)]
Chosen = Annotated[tuple[RoleCode, ...], Form(max_length=50)]

PEOPLE = Table(
    Column("login", "people.login", finds=True, link="/admin/people/{login}"),
    Column("name", "people.name", finds=True),
    Column("kind", "people.kind", choices={"admin": "people.kind_admin", "vendor": "people.kind_vendor"}, filters=True),
    Column("roles", "people.roles", finds=True),
    Column("platform", "people.platform"),
    Column("signed_in_at", "people.signed_in_at", kind="time"),
    Column(
        "state",
        "people.state",
        choices={"open": "people.state_open", "disabled": "people.state_disabled"},
        tones={"open": "good", "disabled": "calm"},
        filters=True,
    ),
    order="login",
    key="login",
)


class PersonIn(BaseModel):
    """What is known about somebody."""

    name: Text = ""
    email: Text = ""
    locale: Literal["", "en", "da", "ru"] = ""


PERSON_FORM = form_of(PersonIn, labels="people")


@router.get("")
def list_people(request: Request, people: Reading, services: Services) -> Response:
    """Everybody the caller may know of."""
    held = people.held()
    rows = [_row(services, account, held.get(account.id, [])) for account in people.everybody()]
    items = PEOPLE.ask(request).among(rows)
    return items.export() or render(request, "klods/administration/people.html", items=items)


@router.get("/new")
def new_person(request: Request, people: Managing) -> Response:
    """The form for somebody new."""
    return _show_new(request, people, _new_form(people).blank())


@router.post("/new")
def create_person(request: Request, people: Managing, sent: Submitted, roles: Chosen = ()) -> Response:
    """Make an account, or show the form again with what is wrong."""
    form = _new_form(people).read(sent)
    wanted: Any = form.value
    if wanted is None:
        return _show_new(request, people, form, roles=roles, status_code=422)
    platforms = people.services.platforms.read()
    platform_id = platforms.find(wanted.platform).id if wanted.platform else None
    try:
        account = people.create(
            Wanted(
                wanted.login, wanted.name, wanted.email, wanted.locale, wanted.kind, platform_id, wanted.vendor, roles
            )
        )
    except KlodsError as error:
        return _show_new(request, people, form, roles=roles, error=error)
    return redirect(f"{HOME}/{account.login}", toast="toast.person_created", name=account.login)


@router.get("/{login}")
def show_person(request: Request, login: str, people: Managing) -> Response:
    """Somebody, and everything that can be done about them."""
    return _show(request, people, login)


@router.post("/{login}")
def change_person(request: Request, login: str, people: Managing, sent: Submitted) -> Response:
    """Change what is known about somebody."""
    form = PERSON_FORM.read(sent)
    value = form.value
    if value is None:
        return _show(request, people, login, form=form, status_code=422)
    return _done(request, people, login, said="person_changed", act=lambda: people.change(login, **value.model_dump()))


@router.post("/{login}/roles")
def assign(request: Request, login: str, people: Managing, roles: Chosen = ()) -> Response:
    """Let somebody have exactly these roles."""
    return _done(request, people, login, said="roles_assigned", act=lambda: people.assign(login, roles))


@router.post("/{login}/disable")
def disable(request: Request, login: str, people: Managing) -> Response:
    """Let somebody come in no longer."""
    return _done(request, people, login, said="person_disabled", act=lambda: people.disable(login))


@router.post("/{login}/enable")
def enable(request: Request, login: str, people: Managing) -> Response:
    """Let somebody come in again."""
    return _done(request, people, login, said="person_enabled", act=lambda: people.enable(login))


@router.post("/{login}/sign-out")
def sign_out(request: Request, login: str, people: Managing) -> Response:
    """End every sign-in of somebody."""
    return _done(request, people, login, said="person_signed_out", act=lambda: people.sign_out(login))


@router.post("/{login}/password-link")
def password_link(request: Request, login: str, people: Managing) -> Response:
    """Show a link by which somebody chooses a new password; it is shown this once."""
    account = people.find(login)
    address = address_on(people.services.switchboard.current.platforms, account.platform_id, str(request.base_url))
    try:
        return _show(request, people, login, link=people.password_link(login, address))
    except KlodsError as error:
        return _show(request, people, login, error=error)


def _done(
    request: Request, people: UserAdministration, login: str, *, said: str, act: Callable[[], object]
) -> Response:
    def show(error: KlodsError) -> Response:
        return _show(request, people, login, error=error)

    return carry_out(act, show, f"{HOME}/{login}", said=said, name=login)


def _show(
    request: Request,
    people: UserAdministration,
    login: str,
    *,
    form: Filled[PersonIn] | None = None,
    error: KlodsError | None = None,
    link: str = "",
    status_code: int = 200,
) -> Response:
    account = people.find(login)
    held = people.services.people.roles.of(account.id, people.by.platform_id)
    return render(
        request,
        "klods/administration/person.html",
        status_code=status_of(error) if error else status_code,
        account=account,
        form=form or PERSON_FORM.of({"name": account.name, "email": account.email, "locale": account.locale}),
        roles=_choices(role for role in people.roles() if role.kind is account.kind),
        held={role.code for role in held},
        sign_ins=[(device_name(one.user_agent), one) for one in people.services.people.sign_ins.of(account.id)],
        platform=_platform(people.services, account),
        error=error,
        link=link,
    )


def _show_new(
    request: Request,
    people: UserAdministration,
    form: Filled[Any],
    *,
    roles: tuple[str, ...] = (),
    error: KlodsError | None = None,
    status_code: int = 200,
) -> Response:
    return render(
        request,
        "klods/administration/new_person.html",
        status_code=status_of(error) if error else status_code,
        form=form,
        roles=_choices(people.roles()),
        held=set(roles),
        error=error,
    )


def _new_form(people: UserAdministration) -> KitForm[Any]:
    """The form with the platforms and vendors that the caller can choose among."""
    known = people.services.platforms.read()
    here = known.find(people.by.platform_id)
    everywhere = people.by.is_everywhere
    platforms = {it.code: it.name for it in (known.open if everywhere else (here,))}
    vendors = {it.code: it.name for it in people.services.vendors.all(here.id) if not it.is_archived}
    login = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PLAIN)]
    start = "" if everywhere and len(known.open) == 1 else here.code
    model = create_model(
        "NewPersonIn",
        login=(login, ...),
        name=(Text, ""),
        email=(Text, ""),
        locale=(one_of(LOCALES), ""),
        kind=(FrontendType, FrontendType.ADMIN),
        platform=(one_of(platforms, or_none=everywhere), start),
        vendor=(one_of(vendors), ""),
    )
    return naming(form_of(model, labels="people"), platform=platforms, vendor=vendors)


def _choices(roles: Iterable[Role]) -> list[tuple[str, str, str]]:
    """Value, label and help of the boxes to tick."""
    return [(role.code, role.name, ", ".join(role.permissions)) for role in roles]


def _row(services: Services, account: Account, roles: Iterable[Role]) -> dict[str, Any]:
    return {
        "login": account.login,
        "name": account.name,
        "kind": account.kind.value,
        "roles": ", ".join(role.code for role in roles),
        "platform": _platform(services, account),
        "signed_in_at": account.signed_in_at,
        "state": "disabled" if account.disabled_at else "open",
    }


def _platform(services: Services, account: Account) -> str:
    """The code of somebody's only platform; empty for people of all platforms."""
    found = services.switchboard.current.platforms.by_id.get(account.platform_id) if account.platform_id else None
    return found.code if found else ""
