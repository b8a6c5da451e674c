"""The pages of roles: what their holders may do."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from klods.db.people.roles import Role
from klods.errors import KlodsError
from klods.kernel.definition import FrontendType
from klods.kernel.permissions import EVERYTHING, covers
from klods.web.administration.people import ManagingRoles, Reading, UserAdministration
from klods.web.errors import status_of
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.kit.table import Table
from klods.web.pages.rendering import redirect, render
from klods.web.storable import PLAIN

router = APIRouter(prefix="/admin/roles", include_in_schema=False)

HOME = "/admin/roles"
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=PLAIN)]
Chosen = Annotated[tuple[Annotated[str, StringConstraints(max_length=100, pattern=PLAIN)], ...], Form()]

ROLES = Table(
    Column("code", "roles.code", finds=True, link="/admin/roles/{code}"),
    Column("name", "roles.name", finds=True),
    Column("kind", "roles.kind", choices={"admin": "people.kind_admin", "vendor": "people.kind_vendor"}, filters=True),
    Column("allows", "roles.allows"),
    Column("people", "roles.people", kind="number"),
    order="code",
    key="code",
)


class NewRoleIn(BaseModel):
    """A role that is to be made."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    name: Text = ""
    kind: FrontendType = FrontendType.ADMIN
    counts: Literal["here", "everywhere"] = "here"


class RoleIn(BaseModel):
    """What a role is to be called."""

    name: Text = ""


NEW_FORM = form_of(NewRoleIn, labels="roles")
ROLE_FORM = form_of(RoleIn, labels="roles")


@router.get("")
def list_roles(request: Request, people: Reading) -> Response:
    """The roles that count here."""
    items = ROLES.ask(request).among([_row(role) for role in people.roles()])
    return items.export() or render(request, "klods/administration/roles.html", items=items)


@router.get("/new")
def new_role(request: Request, people: ManagingRoles) -> Response:
    """The form for a new role."""
    return _show(request, people, NEW_FORM.blank())


@router.post("/new")
def create_role(request: Request, people: ManagingRoles, sent: Submitted, permissions: Chosen = ()) -> Response:
    """Make a role, or show the form again with what is wrong."""
    form = NEW_FORM.read(sent)
    wanted = form.value
    if wanted is None:
        return _show(request, people, form, chosen=permissions, status_code=422)
    platform = people.by.platform_id if wanted.counts == "here" else None
    try:
        people.create_role(Role(wanted.code, wanted.name, wanted.kind, permissions, platform))
    except KlodsError as error:
        return _show(request, people, form, chosen=permissions, error=error)
    return redirect(HOME, toast="toast.role_saved", name=wanted.code)


@router.get("/{code}")
def show_role(request: Request, code: str, people: ManagingRoles) -> Response:
    """A role with all it allows."""
    role = people.services.people.roles.find(code, people.by.platform_id)
    return _show(request, people, ROLE_FORM.blank(name=role.name), role=role, chosen=role.permissions)


@router.post("/{code}")
def change_role(
    request: Request, code: str, people: ManagingRoles, sent: Submitted, permissions: Chosen = ()
) -> Response:
    """Replace what a role is called and allows."""
    role = people.services.people.roles.find(code, people.by.platform_id)
    form = ROLE_FORM.read(sent)
    try:
        if form.value is not None:
            people.change_role(code, name=form.value.name, permissions=permissions)
            return redirect(HOME, toast="toast.role_saved", name=code)
    except KlodsError as error:
        return _show(request, people, form, role=role, chosen=permissions, error=error)
    return _show(request, people, form, role=role, chosen=permissions, status_code=422)


@router.post("/{code}/delete")
def delete_role(request: Request, code: str, people: ManagingRoles) -> Response:
    """Delete a role."""
    try:
        people.delete_role(code)
    except KlodsError as error:
        role = people.services.people.roles.find(code, people.by.platform_id)
        return _show(request, people, ROLE_FORM.blank(name=role.name), role=role, chosen=role.permissions, error=error)
    return redirect(HOME, toast="toast.role_deleted", name=code)


def _show(
    request: Request,
    people: UserAdministration,
    form: Filled[Any],
    *,
    role: Role | None = None,
    chosen: tuple[str, ...] = (),
    error: KlodsError | None = None,
    status_code: int = 200,
) -> Response:
    known = people.permissions()
    others = {code: "" for code in chosen if code not in known}
    return render(
        request,
        "klods/administration/role.html",
        status_code=status_of(error) if error else status_code,
        form=form,
        role=role,
        permissions=_grouped({EVERYTHING: "", **others, **known}),
        chosen=set(chosen),
        mine={code for code in (*known, *others, EVERYTHING) if covers(people.by.permissions, code)},
        error=error,
    )


def _grouped(known: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """The permissions by what they begin with, which is the module they are of."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for code, meaning in known.items():
        groups.setdefault(code.partition(".")[0] if "." in code else "", []).append((code, meaning))
    return groups


def _row(role: Role) -> dict[str, Any]:
    return {
        "code": role.code,
        "name": role.name,
        "kind": role.kind.value,
        "allows": ", ".join(role.permissions),
        "people": role.people,
    }
