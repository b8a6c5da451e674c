"""Where the routes of a module stand in the address space of the host."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from klods.kernel.definition import FrontendType


class Area(StrEnum):
    """A part of the address space; each module has one place in every area."""

    API = "/api/v1"
    ADMIN = "/api/admin"
    VENDOR = "/api/vendor"
    PAGES = ""
    VENDOR_PAGES = "/vendor"

    def prefix(self, code: str) -> str:
        """Where the module's place in this area begins."""
        return f"{self.value}/{code}"

    @property
    def kind(self) -> FrontendType:
        """Who may come in here."""
        return _KINDS[self]

    @property
    def is_api(self) -> bool:
        """Whether programs ask here, rather than people with a browser."""
        return self not in (Area.PAGES, Area.VENDOR_PAGES)


_KINDS: Mapping[Area, FrontendType] = {
    area: FrontendType.VENDOR if area in (Area.VENDOR, Area.VENDOR_PAGES) else FrontendType.ADMIN for area in Area
}
"""Made once: every request asks, and members of an enum are slow to compare."""

AREA_OF_PART: Mapping[str, Area] = {
    "backend": Area.API,
    "admin": Area.ADMIN,
    "vendor": Area.VENDOR,
    "pages": Area.PAGES,
    "panels": Area.PAGES,
}

API_AREAS: Mapping[str, Area] = {"v1": Area.API, "admin": Area.ADMIN, "vendor": Area.VENDOR}


class Mixed(ValueError):
    """Some paths of a router carry its prefix and this one does not."""

    def __init__(self, index: int, prefix: str) -> None:
        super().__init__(index, prefix)
        self.index = index
        self.prefix = prefix


def place(area: Area, code: str, paths: Sequence[str]) -> list[str]:
    """The full paths of a router: as written when all carry the prefix, put behind it when none does.

    Raises `Mixed` with the first path that lacks the prefix which others have.
    """
    for prefix in _own_prefixes(area, code):
        within = [_carries(path, prefix) for path in paths]
        if any(within):
            if not all(within):
                raise Mixed(within.index(False), prefix[0])
            return [_written(area, code, path) for path in paths]
    return [area.prefix(code) + path for path in paths]


def locate(path: str) -> tuple[str, Area] | None:
    """Which module's code stands in a request's path, and in which area; None for a path that can only be the host's."""
    parts = path.split("/", 4)
    first = parts[1] if len(parts) > 1 else ""
    if first == "api":
        area = API_AREAS.get(parts[2]) if len(parts) > 3 else None
        return (parts[3], area) if area is not None else None
    if first == "vendor":
        return (parts[2], Area.VENDOR_PAGES) if len(parts) > 2 else None
    return first, Area.PAGES


def _own_prefixes(area: Area, code: str) -> Sequence[tuple[str, ...]]:
    if area is Area.API:
        return (area.prefix(code),), (f"/{code}",)
    if area is Area.PAGES:
        return ((area.prefix(code), Area.VENDOR_PAGES.prefix(code)),)
    return ((area.prefix(code),),)


def _carries(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in prefixes)


def _written(area: Area, code: str, path: str) -> str:
    if area is Area.API and not path.startswith(area.prefix(code)):
        return area.value + path
    return path
