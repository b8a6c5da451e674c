"""The API for the menus of a platform."""

from typing import Annotated, Self

from fastapi import APIRouter, Path, Request
from pydantic import Field

from klods.kernel.definition import FrontendType
from klods.kernel.menus import MenuChange
from klods.web.api.module_models import Shape
from klods.web.api.people_models import Text
from klods.web.api.refusals import REFUSALS
from klods.web.asking import MenuManager, Services, actor
from klods.web.pages.menu import Entry
from klods.web.pages.platform_menu import entries_of, find_entry
from klods.web.storable import PLAIN

router = APIRouter(prefix="/api/v1/menus", responses=REFUSALS, tags=["menus"])

Word = Annotated[str, Path(max_length=100, pattern=PLAIN)]


class MenuChangeIn(Shape):
    """What is to be said about an entry; what is empty or null stays as the module says."""

    hidden: bool = False
    label: Annotated[Text, Field(description="the same in every language")] = ""
    icon: Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9-]*$", description="of Bootstrap Icons")] = ""
    group: Annotated[Text | None, Field(description="empty for none")] = None
    order: Annotated[int | None, Field(ge=0, le=10_000)] = None


class MenuEntryOut(Shape):
    """An entry of a menu, as it is shown in your language."""

    module: str
    item: str
    label: str
    path: str
    icon: str
    group: str
    order: int
    permission: str
    feature: str
    hidden: bool
    is_changed: bool

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The entry as it may be shown."""
        item, link = entry.item, entry.link
        return cls(
            module=entry.module,
            item=item.id,
            label=link.label,
            path=link.path,
            icon=link.icon,
            group=link.group,
            order=item.order,
            permission=item.permission,
            feature=item.feature,
            hidden=entry.change is not None and entry.change.hidden,
            is_changed=entry.change is not None,
        )


@router.get("/{frontend}", operation_id="list_menu")
def list_menu(frontend: FrontendType, request: Request, caller: MenuManager) -> list[MenuEntryOut]:
    """The menu of your platform, whoever may see which entry."""
    return [MenuEntryOut.of(entry) for entry in entries_of(request, caller, frontend)]


@router.put("/{frontend}/{module}/{item}", operation_id="change_menu", status_code=204)
def change_menu(
    frontend: FrontendType,
    module: Word,
    item: Word,
    wanted: MenuChangeIn,
    request: Request,
    caller: MenuManager,
    services: Services,
) -> None:
    """Change how an entry is shown on your platform, or hide it."""
    find_entry(request, caller, (frontend, module, item))
    change = MenuChange(
        frontend, module, item, wanted.hidden, wanted.label, wanted.icon, group=wanted.group, order=wanted.order
    )
    services.menus.change(change, caller.platform_id, actor=actor(caller))


@router.delete("/{frontend}/{module}/{item}", operation_id="reset_menu", status_code=204)
def reset_menu(frontend: FrontendType, module: Word, item: Word, caller: MenuManager, services: Services) -> None:
    """Leave an entry to its module again."""
    services.menus.reset((frontend, module, item), caller.platform_id, actor=actor(caller))
