"""In which language somebody is answered: as they chose, in this browser or for everywhere, else as the platform does, else as the browser asks."""

from starlette.types import Scope

from klods.kernel.i18n import LOCALES, choose_locale
from klods.kernel.subject import Subject
from klods.web.asgi_scope import LOCALE, here
from klods.web.auth.credentials import cookie, header

LOCALE_COOKIE = "klods_locale"


def speak_to(scope: Scope, subject: Subject | None) -> None:
    """Settle the language anew once it is known who asks, if that person has chosen one."""
    if subject is not None and subject.locale:
        speak(scope, subject)


def speak(scope: Scope, subject: Subject | None = None) -> None:
    """Settle the language of a request."""
    chosen = (cookie(scope, LOCALE_COOKIE), subject.locale if subject else "", here(scope).locale)
    first = next((locale for locale in chosen if locale in LOCALES), None)
    scope[LOCALE] = choose_locale(first, header(scope, b"accept-language"))
