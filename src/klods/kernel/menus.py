"""What the people of a platform change about its menus."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from klods.kernel.definition import FrontendType, MenuItem


@dataclass(frozen=True, slots=True)
class MenuChange:
    """What is said about one entry of a menu; what is empty or None stays as the module says."""

    frontend: FrontendType
    module: str
    item: str
    hidden: bool = False
    label: str = ""
    icon: str = ""
    group: str | None = None
    order: int | None = None

    @property
    def key(self) -> tuple[FrontendType, str, str]:
        """Which entry it is about."""
        return self.frontend, self.module, self.item

    def on(self, item: MenuItem) -> MenuItem:
        """The entry as it is shown."""
        return replace(
            item,
            label=self.label or item.label,
            icon=self.icon or item.icon,
            group=item.group if self.group is None else self.group,
            order=item.order if self.order is None else self.order,
        )


Changes = Mapping[tuple[FrontendType, str, str], MenuChange]


def by_entry(changes: Iterable[MenuChange]) -> Changes:
    """The changes by the entry that they are about."""
    return {change.key: change for change in changes}
