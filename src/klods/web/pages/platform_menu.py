"""The whole menu of a platform, for whoever changes it."""

from starlette.requests import Request

from klods.errors import NoSuchMenuItem
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject
from klods.web.asgi_scope import PAGES, locale_of
from klods.web.pages.menu import Entry
from klods.web.pages.rendering import Pages


def entries_of(request: Request, caller: Subject, frontend: FrontendType) -> tuple[Entry, ...]:
    """Every entry of a menu of the caller's platform, also those that are hidden."""
    pages: Pages = request.scope[PAGES]
    return pages.all_entries(caller, frontend, locale_of(request.scope))


def find_entry(request: Request, caller: Subject, key: tuple[FrontendType, str, str]) -> Entry:
    """One entry; raise `NoSuchMenuItem`."""
    frontend, module, item = key
    for entry in entries_of(request, caller, frontend):
        if (entry.module, entry.item.id) == (module, item):
            return entry
    raise NoSuchMenuItem(item=item, module=module)
