"""How people who have lost their password come in again: a link by mail, used once; works without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from klods.db.people.links import Purpose
from klods.errors import InvalidPassword, LinkSpent, TooManyTries
from klods.web.asgi_scope import locale_of, platform_of
from klods.web.asking import Services
from klods.web.auth.credentials import visitor
from klods.web.auth.reminding import Reminder
from klods.web.pages.rendering import render
from klods.web.pages.sign_in import enter
from klods.web.services import HostServices

router = APIRouter(prefix="/auth", include_in_schema=False)

Field = Annotated[str, Form()]
LONGEST = 200


@router.get("/forgot")
def forgot_form(request: Request, services: Services) -> Response:
    """The form to ask for a link."""
    return render(request, "klods/forgot.html", can_mail=_can_mail(request, services), sent=False, error="")


@router.post("/forgot")
async def send_link(request: Request, services: Services, named: Field = "") -> Response:
    """Say the same whoever is known here; the mail is written after the answer has gone."""
    named = named.strip()[:LONGEST]
    try:
        await services.sign_in.count_reminder(named, visitor(request.scope))
    except TooManyTries as error:
        return render(
            request,
            "klods/forgot.html",
            status_code=429,
            can_mail=_can_mail(request, services),
            sent=False,
            error=error,
        )
    response = render(request, "klods/forgot.html", can_mail=_can_mail(request, services), sent=True, error="")
    reminder = Reminder(named, platform_of(request.scope), locale_of(request.scope))
    response.background = BackgroundTask(services.remind, reminder)
    return response


@router.get("/reset/{link}")
async def reset_form(request: Request, services: Services, link: str) -> Response:
    """The form to choose a new password; looking at it does not use the link up."""
    if not await services.sign_in.link_is_open(link, platform_of(request.scope), Purpose.PASSWORD):
        raise LinkSpent
    return render(request, "klods/reset.html", link=link, error="")


@router.post("/reset/{link}")
async def reset(request: Request, services: Services, link: str, new: Field = "") -> Response:
    """Set the password, end every sign-in there was, and open a new one."""
    try:
        secret = await services.sign_in.reset_password(link, new, visitor(request.scope))
    except InvalidPassword as error:
        return render(request, "klods/reset.html", status_code=422, link=link, error=error)
    services.authenticator.forget()
    return await enter(request, services, secret, "/", toast="toast.password_changed")


def _can_mail(request: Request, services: HostServices) -> bool:
    """Whether a link can be sent, and the hub knows where it must lead."""
    return services.can_mail and bool(services.remind.base(platform_of(request.scope)))
