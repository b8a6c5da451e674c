"""What stands round every page: who is signed in, where they are, where they can go, how it shall look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request

from klods.kernel.i18n import LOCALES
from klods.kernel.subject import Subject
from klods.web.pages.look import NATIVE_NAMES, theme_of
from klods.web.pages.menu import Link, administration, groups


@dataclass(frozen=True)
class Frame:
    """The frame of one page."""

    request: Request
    locale: str
    subject: Subject | None = None
    links: tuple[Link, ...] = ()
    toast: str = ""
    mode: str = ""
    """``dry_run`` or ``read_only`` where nothing that is done on this page is kept; else empty."""

    held: str = ""
    """The code of the module that the page is of, if that is because of its safety switches."""

    offered: Callable[[str], Sequence[Link]] = lambda place: ()  # noqa: ARG005
    """The panels of modules for a place, as titles and paths."""

    @property
    def is_fragment(self) -> bool:
        """Whether only the content is wanted, to stand on another page."""
        return self.request.headers.get("x-klods-fragment") == "true"

    @property
    def path(self) -> str:
        """The page's own path."""
        return self.request.url.path

    @property
    def menu(self) -> Mapping[str, list[Link]]:
        """The menu by group."""
        return groups(self.links)

    @property
    def administration(self) -> tuple[Link, ...]:
        """The pages of the host that the person may open."""
        return administration(self.subject) if self.subject else ()

    @property
    def here(self) -> str:
        """The path of the menu entry that this page belongs to."""
        return max((link.path for link in self.links if link.leads_to(self.path)), key=len, default="")

    @property
    def live_path(self) -> str:
        """Where an administrator lets the page's module go live; empty where there is nothing to let go."""
        may = self.subject is not None and self.subject.may("klods.modules.manage")
        return f"/admin/modules/{self.held}/live" if self.held and may else ""

    @property
    def theme(self) -> str:
        """The theme that was chosen; ``auto`` follows the system."""
        return theme_of(self.request.scope)

    @property
    def locales(self) -> list[tuple[str, str]]:
        """Every language with its own name for itself."""
        return [(code, NATIVE_NAMES[code]) for code in LOCALES]

    @property
    def back(self) -> str:
        """Where a change of language or theme returns to: this page, as far as it can be asked for again."""
        query = self.request.url.query if self.request.method in ("GET", "HEAD") else ""
        return quote(self.path) + (f"?{query}" if query else "")
