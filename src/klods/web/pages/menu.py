"""What a person can go to: the menu items of the modules that are enabled for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from klods.kernel.catalog import Module
from klods.kernel.definition import FrontendType, MenuItem
from klods.kernel.i18n import Texts
from klods.kernel.parts import present
from klods.kernel.subject import Subject

PLAIN_ICON = "box"


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the menu, in words."""

    label: str
    path: str
    icon: str = PLAIN_ICON
    group: str = ""

    def leads_to(self, path: str) -> bool:
        """Whether that page lies under this entry."""
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


ADMINISTRATION = (
    ("klods.modules.read", Link("modules.title", "/admin/modules", "boxes")),
    ("klods.people.read", Link("people.title", "/admin/people", "people")),
    ("klods.people.read", Link("roles.title", "/admin/roles", "shield-check")),
    ("klods.vendors.manage", Link("vendors.title", "/admin/vendors", "shop")),
    ("klods.platforms.manage", Link("platforms.title", "/admin/platforms", "buildings")),
    ("klods.features.manage", Link("features.title", "/admin/features", "stars")),
    ("", Link("frame.api", "/api/docs", "braces")),
)
"""The host's own pages for administrators, each with the permission it asks for; the labels are keys of texts."""


def administration(subject: Subject) -> tuple[Link, ...]:
    """The pages of the host that somebody may open."""
    if subject.kind is not FrontendType.ADMIN:
        return ()
    return tuple(link for permission, link in ADMINISTRATION if not permission or subject.may(permission))


@dataclass(frozen=True, slots=True)
class Wording:
    """A module with its texts and the language to say them in."""

    module: Module
    texts: Texts
    locale: str

    def say(self, key: str) -> str:
        """The text of a key, or the key as plain text."""
        return self.texts.text(self.locale, key)

    @property
    def name(self) -> str:
        """The module's name in the language, from its key ``module.name``, or as its definition spells it."""
        return self.texts.find(self.locale, "module.name") or self.module.definition.name

    @property
    def description(self) -> str:
        """The module's description in the language."""
        return self.texts.find(self.locale, "module.description") or self.module.definition.description


def menu(wordings: Iterable[Wording], kind: FrontendType) -> tuple[Link, ...]:
    """The entries for one kind of people, by group, order and label."""
    placed = [entry for wording in wordings for entry in _entries(wording, kind)]
    return tuple(link for _, link in sorted(placed, key=lambda entry: (*entry[0], entry[1].path)))


def groups(links: Iterable[Link]) -> Mapping[str, list[Link]]:
    """The links by group, in the order in which groups first appear."""
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.group, []).append(link)
    return found


def _entries(wording: Wording, kind: FrontendType) -> Iterator[tuple[tuple[str, int, str], Link]]:
    for item in wording.module.definition.menu_items.get(kind, ()) or _own_page(wording, kind):
        group = wording.say(item.group) if item.group else ""
        link = Link(_label(wording, item), item.path or _home(wording.module, kind), item.icon or PLAIN_ICON, group)
        yield (group, item.order, link.label.casefold()), link


def _own_page(wording: Wording, kind: FrontendType) -> tuple[MenuItem, ...]:
    """A module with pages that names no menu items gets one of its own."""
    has_pages = kind is FrontendType.ADMIN and "pages" in present(wording.module.source)
    return (MenuItem(wording.module.code, label=wording.name),) if has_pages else ()


def _label(wording: Wording, item: MenuItem) -> str:
    if item.label:
        return wording.say(item.label)
    return wording.texts.find(wording.locale, f"menu.{item.id}") or wording.name


def _home(module: Module, kind: FrontendType) -> str:
    return f"/{module.code}" if kind is FrontendType.ADMIN else f"/{kind}/{module.code}"
