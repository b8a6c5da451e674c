"""The one frozen value that says what a module is, however it was spelled."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import BaseModel

from klods.errors import InvalidDefinition
from klods.kernel.holdings import Holder
from klods.kernel.names import default_prefix
from klods.kernel.personal import Kept, Person, Retention


class FrontendType(StrEnum):
    """Who a page or a menu is for."""

    ADMIN = "admin"
    VENDOR = "vendor"


class Kind(StrEnum):
    """The class of a module in one word; a core module that is internal is core."""

    CORE = "core"
    INTERNAL = "internal"
    OPTIONAL = "optional"


class Form(StrEnum):
    """Whether a module brings code of its own, or only says what belongs together."""

    WRAPPER = "wrapper"
    SELF_CONTAINED = "self_contained"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Another module, with the versions that are meant: ``payments>=1.2``."""

    code: str
    versions: str = ""

    @classmethod
    def parse(cls, text: str, field: str = "requires") -> Self:
        """Read ``payments`` or ``payments>=1.2,<2``; raise `InvalidDefinition`, with the field, for anything else."""
        cut = next((i for i, char in enumerate(text) if char in "<>=!~ "), len(text))
        code, versions = text[:cut].strip(), text[cut:].strip()
        try:
            SpecifierSet(versions)
        except InvalidSpecifier:
            raise InvalidDefinition(problems=f"{field}: {text!r} is not a module and a version range") from None
        return cls(code, versions)

    def admits(self, version: str) -> bool:
        """Whether that version of the module is meant."""
        return not self.versions or SpecifierSet(self.versions).contains(Version(version), prereleases=True)

    def __str__(self) -> str:
        return self.code + self.versions


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of a menu; the label is a locale key or a plain text."""

    id: str
    label: str = ""
    path: str = ""
    icon: str = ""
    group: str = ""
    order: int = 100
    permission: str = ""
    feature: str = ""


Hook = Callable[[int], object]


def _frozen(values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return MappingProxyType(dict(values or {}))


@dataclass(frozen=True, kw_only=True)
class ModuleDefinition:
    """Everything the host knows about a module before it loads any part of it."""

    code: str
    name: str
    description: str = ""
    version: str = "1.0.0"
    author: str = ""
    requires: tuple[Requirement, ...] = ()
    conflicts: tuple[Requirement, ...] = ()
    """Modules that may not be enabled on the same platform, with the versions where they matter."""

    host_version: str = ""
    """Versions of klods this module works with, as ``>=0.1,<1``."""

    features: tuple[str, ...] = ()
    menu_items: Mapping[FrontendType, tuple[MenuItem, ...]] = field(default_factory=dict)
    permissions: tuple[str, ...] = ()
    is_core: bool = False
    is_internal: bool = False
    is_self_contained: bool = False

    table_prefix: str = ""
    read_only: bool = True
    dry_run: bool = True
    references: tuple[str, ...] = ()
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    native_async: bool = False
    """Handlers never block and stay on the host's event loop (``"async": "native"``)."""

    wish: bool | None = None
    """What ``enabled`` in module.json asks for; the database row is the truth."""

    config_schema: type[BaseModel] | None = None
    default_config: Mapping[str, Any] = field(default_factory=dict)

    on_enable: Hook | None = None
    on_disable: Hook | None = None
    on_startup: Callable[[], object] | None = None
    health_check: Callable[[], Any] | None = None
    export_person: Callable[[Person], Mapping[str, Iterable[Mapping[str, Any]]]] | None = None
    """What the module holds about somebody: rows by what they are."""

    erase_person: Callable[[Person], Iterable[Kept] | None] | None = None
    """Erases or empties what the module holds about somebody, and says what it keeps and why."""

    retention: tuple[Retention, ...] = ()

    services_path: str = ""
    models_path: str = ""
    schemas_path: str = ""
    exceptions_path: str = ""
    templates_path: str = "templates"
    static_path: str = "static"
    locales_path: str = "locales"
    migrations_path: str = "migrations"

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        for name in ("requires", "conflicts"):
            set_field(self, name, tuple(_requirements(name, getattr(self, name))))
        set_field(self, "menu_items", _frozen_menus(self.menu_items))
        for name in ("features", "permissions", "references"):
            set_field(self, name, _texts(name, getattr(self, name)))
        for name in ("reads", "exports"):
            set_field(self, name, MappingProxyType(_columns(name, getattr(self, name))))
        set_field(self, "default_config", _frozen(self.default_config))
        set_field(self, "retention", tuple(map(_retention, self.retention)))
        if not self.table_prefix:
            set_field(self, "table_prefix", default_prefix(self.code))

    @property
    def required_codes(self) -> tuple[str, ...]:
        """The codes this module requires, without version ranges."""
        return tuple(requirement.code for requirement in self.requires)

    @property
    def kind(self) -> Kind:
        """The class of the module."""
        return Kind.CORE if self.is_core else Kind.INTERNAL if self.is_internal else Kind.OPTIONAL

    @property
    def holder(self) -> Holder:
        """Whose the tables are that its migrations make."""
        return Holder(self.code, self.table_prefix)


FIELDS = frozenset(entry.name for entry in fields(ModuleDefinition))


def _requirements(name: str, values: Iterable[str | Requirement]) -> Iterable[Requirement]:
    return (value if isinstance(value, Requirement) else Requirement.parse(value, name) for value in values)


def _columns(name: str, tables: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return dict(zip(_texts(name, tables), (_texts(name, columns) for columns in tables.values()), strict=True))


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """The values, if they are several texts: one text alone would come apart into its letters."""
    texts = tuple(values)
    if isinstance(values, str) or not all(isinstance(text, str) for text in texts):
        raise TypeError(f"{name} must hold lists of texts, not {values!r}")
    return texts


def _retention(rule: Retention | Mapping[str, Any]) -> Retention:
    return rule if isinstance(rule, Retention) else Retention(**rule)


def _frozen_menus(menus: Mapping[Any, Iterable[Any]]) -> Mapping[FrontendType, tuple[MenuItem, ...]]:
    return MappingProxyType(
        {FrontendType(frontend): tuple(_menu_item(item) for item in items) for frontend, items in menus.items()}
    )


def _menu_item(item: str | MenuItem | Mapping[str, Any]) -> MenuItem:
    if isinstance(item, MenuItem):
        return item
    return MenuItem(item) if isinstance(item, str) else MenuItem(**item)
