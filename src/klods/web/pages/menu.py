"""What a person can go to: the menu items of the modules that are enabled for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from klods.kernel.catalog import Module
from klods.kernel.collation import Collation, collation
from klods.kernel.definition import FrontendType, MenuItem
from klods.kernel.features import OpenFeatures
from klods.kernel.i18n import Texts
from klods.kernel.menus import Changes, MenuChange
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
    ("klods.menus.manage", Link("menus.title", "/admin/menus", "list-nested")),
    ("klods.personal_data.manage", Link("personal.title", "/admin/personal-data", "person-lock")),
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a menu, with what decides whether somebody sees it."""

    module: str
    item: MenuItem
    link: Link
    change: MenuChange | None = None

    def is_for(self, subject: Subject, features: OpenFeatures) -> bool:
        """Whether somebody may open what it leads to."""
        item = self.item
        return (not item.permission or subject.may(item.permission)) and (
            not item.feature or features.has(item.feature)
        )


def menu(wordings: Iterable[Wording], kind: FrontendType, changes: Changes | None = None) -> tuple[Entry, ...]:
    """The entries for one kind of people, by group, order and label; hidden ones are left out."""
    return tuple(entry for entry in all_entries(wordings, kind, changes) if not (entry.change and entry.change.hidden))


def all_entries(wordings: Iterable[Wording], kind: FrontendType, changes: Changes | None = None) -> tuple[Entry, ...]:
    """The same with those that are hidden."""
    placed = [
        (_place(entry, collation(wording.locale)), entry)
        for wording in wordings
        for entry in _entries(wording, kind, changes or {})
    ]
    return tuple(entry for _, entry in sorted(placed, key=lambda pair: pair[0]))


def _place(entry: Entry, language: Collation) -> tuple[str, int, str, str]:
    return language.key(entry.link.group), entry.item.order, language.key(entry.link.label), entry.link.path


def groups(links: Iterable[Link]) -> Mapping[str, list[Link]]:
    """The links by group, in the order in which groups first appear."""
    found: dict[str, list[Link]] = {}
    for link in links:
        found.setdefault(link.group, []).append(link)
    return found


def _entries(wording: Wording, kind: FrontendType, changes: Changes) -> Iterator[Entry]:
    code = wording.module.code
    for said in wording.module.definition.menu_items.get(kind, ()) or _own_page(wording, kind):
        change = changes.get((kind, code, said.id))
        item = change.on(said) if change else said
        group = wording.say(item.group) if item.group else ""
        path = item.path or _home(wording.module, kind)
        yield Entry(code, item, Link(_label(wording, item), path, item.icon or PLAIN_ICON, group), change)


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
