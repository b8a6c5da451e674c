"""The pages on which the menus of a platform are changed."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from klods.kernel.definition import FrontendType
from klods.kernel.menus import MenuChange
from klods.web.asking import MenuManager, Services, actor
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.form import Filled, Submitted, form_of
from klods.web.pages.kit.table import Table
from klods.web.pages.menu import Entry
from klods.web.pages.platform_menu import entries_of, find_entry
from klods.web.pages.rendering import redirect, render

router = APIRouter(prefix="/admin/menus", include_in_schema=False)

HOME = "/admin/menus"

MENU = Table(
    Column("label", "menus.label", finds=True, link="/admin/menus/{frontend}/{module}/{item}"),
    Column("module", "menus.module", finds=True, filters=True),
    Column("group", "menus.group"),
    Column("order", "menus.order", kind="number"),
    Column("permission", "menus.permission"),
    Column(
        "state",
        "menus.state",
        choices={"shown": "menus.state_shown", "changed": "menus.state_changed", "hidden": "menus.state_hidden"},
        tones={"shown": "calm", "changed": "info", "hidden": "mild"},
        filters=True,
    ),
    order="group",
    key="place",
)


class EntryIn(BaseModel):
    """How an entry is shown; what is empty stays as the module says."""

    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    group: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    icon: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=r"^[a-z0-9-]*$")] = ""
    order: Annotated[int, Field(ge=0, le=10_000)] | None = None
    hidden: bool = False


ENTRY_FORM = form_of(EntryIn, labels="menus")


@router.get("")
def list_menu(request: Request, caller: MenuManager, frontend: FrontendType = FrontendType.ADMIN) -> Response:
    """The entries of one menu, as they stand in it."""
    rows = [_row(place, frontend, entry) for place, entry in enumerate(entries_of(request, caller, frontend))]
    items = MENU.ask(request).among(rows)
    return items.export() or render(request, "klods/administration/menus.html", items=items, frontend=frontend)


@router.get("/{frontend}/{module}/{item}")
def show_entry(frontend: FrontendType, module: str, item: str, request: Request, caller: MenuManager) -> Response:
    """One entry, and how it is shown."""
    entry = find_entry(request, caller, (frontend, module, item))
    said = entry.change
    values: dict[str, Any] = {}
    if said is not None:
        values = {
            "label": said.label,
            "group": said.group or "",
            "icon": said.icon,
            "order": said.order,
            "hidden": said.hidden,
        }
    return _show(request, frontend, entry, ENTRY_FORM.of(values))


@router.post("/{frontend}/{module}/{item}")
def change_entry(
    frontend: FrontendType,
    module: str,
    item: str,
    request: Request,
    caller: MenuManager,
    services: Services,
    sent: Submitted,
    *,
    reset: Annotated[str, Form()] = "",
) -> Response:
    """Change how it is shown, or leave it to its module again."""
    entry, form = find_entry(request, caller, (frontend, module, item)), ENTRY_FORM.read(sent)
    wanted = form.value
    if reset:
        services.menus.reset((frontend, module, item), caller.platform_id, actor=actor(caller))
    elif wanted is None:
        return _show(request, frontend, entry, form, status_code=422)
    else:
        change = MenuChange(
            frontend,
            module,
            item,
            wanted.hidden,
            wanted.label,
            wanted.icon,
            group=wanted.group or None,
            order=wanted.order,
        )
        services.menus.change(change, caller.platform_id, actor=actor(caller))
    return redirect(f"{HOME}?frontend={frontend}", toast="toast.menu_changed", name=entry.link.label)


def _show(
    request: Request, frontend: FrontendType, entry: Entry, form: Filled[EntryIn], *, status_code: int = 200
) -> Response:
    return render(
        request,
        "klods/administration/menu_entry.html",
        status_code=status_code,
        frontend=frontend,
        entry=entry,
        form=form,
    )


def _row(place: int, frontend: FrontendType, entry: Entry) -> dict[str, Any]:
    hidden = entry.change is not None and entry.change.hidden
    return {
        "place": place,
        "frontend": frontend.value,
        "module": entry.module,
        "item": entry.item.id,
        "label": entry.link.label,
        "group": entry.link.group,
        "order": entry.item.order,
        "permission": entry.item.permission,
        "state": "hidden" if hidden else "changed" if entry.change else "shown",
    }
