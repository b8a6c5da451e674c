"""What Klods writes into the ASGI scope of a request, for the layers further in."""

from collections.abc import Mapping
from typing import Any

from klods.kernel.features import EVERYTHING, OpenFeatures
from klods.kernel.i18n import FALLBACK
from klods.kernel.platforms import DEFAULT, Platform, Platforms
from klods.kernel.subject import Subject

REQUEST_ID = "klods.request_id"
LOCALE = "klods.locale"
PLATFORM = "klods.platform"
"""The `Platform` that the request is for."""

PLATFORMS = "klods.platforms"
"""All platforms, as this process knew them when the request came."""

SUBJECT = "klods.subject"
"""Who is asking, or None for nobody; not there before somebody wanted to know."""

AREA = "klods.area"
"""The part of the address space that a module's path belongs to."""

ENTRY = "klods.entry"
"""The module that the request is in, as this process serves it."""

EXCHANGE = "klods.exchange"
PAGES = "klods.pages"
"""What renders pages."""


def platform_of(asgi: Mapping[str, Any]) -> int:
    """The number of the platform that the request is for."""
    platform: Platform = asgi.get(PLATFORM, DEFAULT)
    return platform.id


def here(asgi: Mapping[str, Any]) -> Platform:
    """The platform that the request is for."""
    platform: Platform = asgi.get(PLATFORM, DEFAULT)
    return platform


def open_features(asgi: Mapping[str, Any]) -> OpenFeatures:
    """The features that are open to whoever sends the request."""
    platforms: Platforms = asgi.get(PLATFORMS, Platforms((DEFAULT,)))
    subject = subject_here(asgi)
    mine = subject.features if subject else EVERYTHING
    return OpenFeatures(here(asgi).features, mine, platforms.tiers)


def subject_here(asgi: Mapping[str, Any]) -> Subject | None:
    """Who is asking, if that is known by now and the sign-in is for the platform of the request."""
    subject: Subject | None = asgi.get(SUBJECT)
    return subject if subject is not None and subject.platform_id == platform_of(asgi) else None


def request_id_of(asgi: Mapping[str, Any]) -> str:
    """The name of the request in answers and in the log."""
    request_id: str = asgi.get(REQUEST_ID, "")
    return request_id


def locale_of(asgi: Mapping[str, Any]) -> str:
    """The language to answer in."""
    locale: str = asgi.get(LOCALE, FALLBACK)
    return locale
