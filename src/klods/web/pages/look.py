"""What a browser remembers of a person's taste, and the one message it carries to the next page."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from klods.kernel.i18n import LOCALES
from klods.web.asking import Services, Somebody
from klods.web.auth.credentials import Scope, cookie
from klods.web.auth.origin import local_path
from klods.web.languages import LOCALE_COOKIE

THEME_COOKIE = "klods_theme"
TOAST_COOKIE = "klods_toast"
TOAST_KEYS = "toast."
THEMES = ("auto", "light", "dark")
NATIVE_NAMES = {"en": "English", "da": "Dansk", "ru": "Русский"}
YEAR = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


@router.post("/klods/look")
def choose_look(
    subject: Somebody,
    services: Services,
    locale: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Remember a language or a theme in the browser and go back; a language also for the person, in every browser."""
    if subject is not None and locale in LOCALES and locale != subject.locale:
        services.people.accounts.speak(subject.user_id, locale)
        services.authenticator.forget()
    response = RedirectResponse(local_path(to), status_code=303)
    if locale in LOCALES:
        response.set_cookie(LOCALE_COOKIE, locale, max_age=YEAR, samesite="lax")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="lax")
    return response


def theme_of(scope: Scope) -> str:
    """The theme that was chosen; ``auto`` follows the system."""
    chosen = cookie(scope, THEME_COOKIE)
    return chosen if chosen in THEMES else THEMES[0]


def put_toast(response: Response, key: str, values: dict[str, str]) -> None:
    """Let the next page show a text; only keys that begin with ``toast.`` are ever shown."""
    response.set_cookie(TOAST_COOKIE, urlencode({"key": key, **values}), max_age=60, httponly=True, samesite="lax")


def read_toast(request: Request) -> tuple[str, dict[str, str]] | None:
    """The message that an earlier answer left."""
    values = dict(parse_qsl(cookie(request.scope, TOAST_COOKIE)))
    key = values.pop("key", "")
    return (key, values) if key.startswith(TOAST_KEYS) else None
