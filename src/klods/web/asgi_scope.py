"""What Klods writes into the ASGI scope of a request, for the layers further in."""

from collections.abc import Mapping
from typing import Any

from klods.kernel.i18n import FALLBACK
from klods.kernel.subject import DEFAULT_PLATFORM

REQUEST_ID = "klods.request_id"
LOCALE = "klods.locale"
PLATFORM = "klods.platform"
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
    """The platform that the request is for."""
    platform: int = asgi.get(PLATFORM, DEFAULT_PLATFORM)
    return platform


def request_id_of(asgi: Mapping[str, Any]) -> str:
    """The name of the request in answers and in the log."""
    request_id: str = asgi.get(REQUEST_ID, "")
    return request_id


def locale_of(asgi: Mapping[str, Any]) -> str:
    """The language to answer in."""
    locale: str = asgi.get(LOCALE, FALLBACK)
    return locale
