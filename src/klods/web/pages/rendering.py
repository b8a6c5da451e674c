"""Pages out of templates: the frame, the menu and the texts come from here, the rest from the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse

from klods.kernel.catalog import Module
from klods.kernel.definition import FrontendType
from klods.kernel.features import OpenFeatures
from klods.kernel.i18n import Texts
from klods.kernel.menus import Changes, by_entry
from klods.kernel.subject import Subject
from klods.kernel.switches import Mode
from klods.web.asgi_scope import ENTRY, EXCHANGE, PAGES, locale_of, open_features, subject_here
from klods.web.engine.offers import Offer
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.pages.assets import address
from klods.web.pages.formats import Formats
from klods.web.pages.frame import Frame
from klods.web.pages.look import TOAST_COOKIE, put_toast, read_toast
from klods.web.pages.menu import Entry as MenuEntry
from klods.web.pages.menu import Link, Wording, all_entries, menu
from klods.web.pages.sources import Shelf, Sources

NO_LIMIT = OpenFeatures()
Menus = dict[tuple[int, FrontendType, str], tuple[MenuEntry, ...]]
"""By platform, kind of person and language."""


def render(request: Request, template: str, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """A page in the host's look, from a template of the module whose route is running (or of the host).

    Templates say ``{% extends "klods/base.html" %}`` and ``t("key")``; the texts are the module's, then the host's.
    """
    pages: Pages = request.scope[PAGES]
    return pages.render(request, template, context, status_code=status_code)


def speaker(request: Request) -> Callable[..., str]:
    """What says a text by its key, in the words of the module whose route is running and the language of the reader."""
    pages: Pages = request.scope[PAGES]
    return partial(_say, pages.sources(request), locale_of(request.scope))


def module_words(request: Request, module: Module) -> Wording:
    """A module's name and description in the language of the reader."""
    pages: Pages = request.scope[PAGES]
    return pages.wording_of(module, locale_of(request.scope))


def redirect(path: str, *, toast: str = "", **values: str) -> RedirectResponse:
    """Go to another page of this hub after a form, with a text for it to show (a key that begins with ``toast.``)."""
    response = RedirectResponse(path, status_code=303)
    if toast:
        put_toast(response, toast, values)
    return response


@dataclass
class Pages:
    """Renders pages for one process."""

    switchboard: Switchboard
    shelf: Shelf = field(default_factory=Shelf)
    _menus: tuple[Snapshot | None, Menus] = field(default_factory=lambda: (None, {}))

    def render(
        self, request: Request, template: str, context: Mapping[str, Any], *, status_code: int = 200
    ) -> HTMLResponse:
        """The finished page; nobody may keep a copy of it."""
        sources = self.sources(request)
        frame = self._frame(request, sources)
        html = sources.environment.get_template(template).render({**self._words(frame, sources), **context})
        response = HTMLResponse(html, status_code, headers={"cache-control": "no-store"})
        if frame.toast:
            response.delete_cookie(TOAST_COOKIE, httponly=True, samesite="lax")
        return response

    def menu(self, subject: Subject, locale: str, features: OpenFeatures = NO_LIMIT) -> tuple[Link, ...]:
        """The menu of a person: what is enabled on the platform, and open to the person."""
        entries = self._entries(subject, locale)
        return tuple(entry.link for entry in entries if entry.is_for(subject, features))

    def links_by_module(
        self, subject: Subject, locale: str, features: OpenFeatures
    ) -> Mapping[str, tuple[Link, ...] | None]:
        """The same by module; None for one of which there is nothing for this person, though there is for others."""
        found: dict[str, tuple[Link, ...] | None] = {
            wording.module.code: () for wording in self.wordings(subject, locale)
        }
        for entry in self._entries(subject, locale):
            if entry.is_for(subject, features):
                found[entry.module] = (*(found[entry.module] or ()), entry.link)
            elif not found[entry.module]:
                found[entry.module] = None
        return found

    def _entries(self, subject: Subject, locale: str) -> tuple[MenuEntry, ...]:
        """The same for everybody of one kind on a platform, so that it is put together once."""
        snapshot = self.switchboard.current
        if self._menus[0] is not snapshot:
            self._menus = (snapshot, {})
        made = self._menus[1]
        key = (subject.platform_id, subject.kind, locale)
        if key not in made:
            made[key] = menu(self.wordings(subject, locale), subject.kind, self._changes(subject.platform_id))
        return made[key]

    def all_entries(self, subject: Subject, kind: FrontendType, locale: str) -> tuple[MenuEntry, ...]:
        """Every entry of a menu of the person's platform, for whoever changes it."""
        wordings = self.wordings(replace(subject, kind=kind), locale)
        return all_entries(wordings, kind, self._changes(subject.platform_id))

    def _changes(self, platform_id: int) -> Changes:
        platform = self.switchboard.current.platforms.by_id.get(platform_id)
        return by_entry(platform.menu) if platform else {}

    def offered(self, subject: Subject | None, locale: str, place: str) -> list[Link]:
        """The panels that modules offer a person for a place; of modules that are loaded by now."""
        if subject is None or subject.kind is not FrontendType.ADMIN:
            return []
        snapshot = self.switchboard.current
        codes = snapshot.enabled.get(subject.platform_id, ())
        entries = [entry for code in codes if (entry := snapshot.entries.get(code))]
        found = [(offer, entry) for entry in entries for offer in _offers(entry) if offer.place == place]
        found.sort(key=lambda pair: (pair[0].order, pair[1].code, pair[0].path))
        return [
            Link(self._wording(entry, locale).say(offer.title), f"/{entry.code}{offer.path}") for offer, entry in found
        ]

    def wordings(self, subject: Subject, locale: str) -> list[Wording]:
        """The modules that are enabled for a person, in words; internal ones are there for admins only."""
        snapshot = self.switchboard.current
        codes = sorted(snapshot.enabled.get(subject.platform_id, ()))
        entries = [snapshot.entries[code] for code in codes if code in snapshot.entries]
        admin = subject.kind is FrontendType.ADMIN
        return [self._wording(entry, locale) for entry in entries if admin or not entry.module.definition.is_internal]

    def wording_of(self, module: Module, locale: str) -> Wording:
        """A module in words, enabled somewhere or not."""
        entry = self.switchboard.current.entries.get(module.code)
        version = module.definition.version
        return self._wording(entry, locale) if entry else Wording(module, self.shelf.of(module, version).texts, locale)

    def _wording(self, entry: Entry, locale: str) -> Wording:
        return Wording(entry.module, self.shelf.of(entry.module, entry.content_hash).texts, locale)

    def sources(self, request: Request) -> Sources:
        """Where the page of a request comes from: the module that it is in, or the host."""
        entry = request.scope.get(ENTRY)
        return self.shelf.of(entry.module, entry.content_hash) if entry else self.shelf.host

    def _frame(self, request: Request, sources: Sources) -> Frame:
        locale = locale_of(request.scope)
        subject = subject_here(request.scope)
        toast = read_toast(request)
        mode, held = _mode(request)
        return Frame(
            request,
            locale,
            subject,
            links=self.menu(subject, locale, open_features(request.scope)) if subject else (),
            toast=_toast(sources.texts, locale, *toast) if toast else "",
            mode=mode,
            held=held,
            offered=partial(self.offered, subject, locale),
        )

    def _words(self, frame: Frame, sources: Sources) -> dict[str, Any]:
        return {
            "frame": frame,
            "request": frame.request,
            "subject": frame.subject,
            "locale": frame.locale,
            "t": partial(_say, sources, frame.locale),
            "host_t": partial(_say, self.shelf.host, frame.locale),
            "asset": address,
            "fmt": Formats(frame.locale),
        }


def _offers(entry: Entry) -> Sequence[Offer]:
    return entry.app.offers if entry.app is not None else ()


def _mode(request: Request) -> tuple[str, str]:
    """How the request runs, as far as that is worth a word, and the module that is not live."""
    exchange = request.scope.get(EXCHANGE)
    if exchange is None or exchange.mode in (None, Mode.LIVE):
        return "", ""
    word = "dry_run" if exchange.mode is Mode.DRY else "read_only"
    return word, "" if exchange.switches.live else request.scope[ENTRY].code


def _say(sources: Sources, locale: str, key: str, /, **values: object) -> str:
    return sources.texts.text(locale, key, values)


def _toast(texts: Texts, locale: str, key: str, values: Mapping[str, str]) -> str:
    """What was done, then what a person should know of it."""
    more = (texts.text(locale, f"toast.{name}", values) for name in ("late", "note") if values.get(name))
    return " ".join((texts.text(locale, key, values), *more))
