"""Changes of the menus of platforms."""

from klods.db.announcing import announced
from klods.db.database import Database
from klods.kernel.definition import FrontendType
from klods.kernel.menus import MenuChange


class MenuRows:
    """The store of what the people of platforms change about their menus; `PlatformRows.read` reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, change: MenuChange, platform_id: int, *, actor: str) -> None:
        """Say something about an entry, instead of what was said before."""
        values = [platform_id, change.frontend, change.module, change.item]
        said = [change.hidden, change.label, change.icon, change.group, change.order]
        with announced(self._database, actor) as announcement:
            announcement.connection.execute(_FORGET, values)
            announcement.connection.execute(_SAVE, [*values, *said])
            announcement.log(
                "menu.change", f"{change.module} {change.item}", platform_id=platform_id, after=_told(change)
            )

    def reset(self, key: tuple[FrontendType, str, str], platform_id: int, *, actor: str) -> None:
        """Leave an entry to its module again."""
        with announced(self._database, actor) as announcement:
            announcement.connection.execute(_FORGET, [platform_id, *key])
            announcement.log("menu.reset", " ".join(key[1:]), platform_id=platform_id)


def _told(change: MenuChange) -> str:
    said = {"label": change.label, "icon": change.icon, "group": change.group, "order": change.order}
    words = [f"{name}: {value}" for name, value in said.items() if value not in ("", None)]
    return ", ".join([*(["hidden"] if change.hidden else []), *words])


_FORGET = """
    delete from klods.menu_change where platform_id = %s and frontend = %s and module = %s and item = %s"""
_SAVE = """
    insert into klods.menu_change(platform_id, frontend, module, item, hidden, label, icon, menu_group, position)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
