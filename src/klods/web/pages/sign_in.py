"""The pages on which people sign in and out; all of them work without JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from klods.errors import InvalidPassword, LinkSpent, NotAllowed, TooManyTries, WrongPassword
from klods.web.asgi_scope import platform_of
from klods.web.asking import Services, SignedIn, Somebody
from klods.web.auth.credentials import drop_session, keep_session, session_secret, visitor
from klods.web.auth.origin import local_path
from klods.web.pages.rendering import redirect, render
from klods.web.services import HostServices

router = APIRouter(prefix="/auth", include_in_schema=False)

Field = Annotated[str, Form()]


@router.get("/login")
def login_form(request: Request, subject: Somebody, to: Annotated[str, Query(alias="next")] = "/") -> Response:
    """The form; whoever is signed in goes on at once."""
    if subject is not None:
        return redirect(local_path(to))
    return render(request, "klods/login.html", to=local_path(to), login="", error="")


@router.post("/login")
async def log_in(
    request: Request,
    services: Services,
    login: Field = "",
    password: Field = "",
    to: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Check the password and open a new session, whatever session there was."""
    try:
        secret = await services.sign_in.with_password(login.strip(), password, visitor(request.scope))
    except (WrongPassword, TooManyTries) as error:
        again = {"to": local_path(to), "login": login[:100], "error": error}
        status = 429 if isinstance(error, TooManyTries) else 401
        return render(request, "klods/login.html", status_code=status, **again)
    return await enter(request, services, secret, local_path(to))


@router.get("/link/{link}")
async def link_form(request: Request, services: Services, link: str) -> Response:
    """A button instead of a session: what previews a link must not use it up."""
    if not await services.sign_in.link_is_open(link, platform_of(request.scope)):
        raise LinkSpent
    return render(request, "klods/link.html", link=link)


@router.post("/link/{link}")
async def use_link(request: Request, services: Services, link: str) -> Response:
    """Open a session; the link works once, also when it is clicked twice."""
    secret = await services.sign_in.with_link(link, visitor(request.scope))
    return await enter(request, services, secret, "/")


@router.post("/logout")
async def log_out(request: Request, services: Services) -> Response:
    """End the session."""
    await _end(request, services)
    response = redirect("/auth/login", toast="toast.signed_out")
    drop_session(response, secure=_is_secure(request, services))
    return response


def has_password(subject: SignedIn, services: Services) -> bool:
    """Whether the person has chosen a password before; a token must not choose one that lives longer than it does."""
    if subject.token:
        raise NotAllowed
    account = services.people.accounts.by_id(subject.user_id)
    return account is not None and account.password_hash is not None


HasPassword = Annotated[bool, Depends(has_password)]


@router.get("/password")
def password_form(request: Request, has_one: HasPassword) -> Response:
    """The form to choose a password."""
    return render(request, "klods/password.html", has_one=has_one, error="")


@router.post("/password")
async def change_password(
    request: Request,
    subject: SignedIn,
    services: Services,
    has_one: HasPassword,
    password: Field = "",
    new: Field = "",
) -> Response:
    """Set a new password, after the present one if there is one."""
    secret = session_secret(request.scope)
    try:
        await services.sign_in.check_password(subject.user_id, password, visitor(request.scope))
        await services.sign_in.change_password(subject.user_id, new, secret)
    except (WrongPassword, InvalidPassword, TooManyTries) as error:
        return render(request, "klods/password.html", status_code=422, has_one=has_one, error=error)
    services.authenticator.forget()
    return redirect("/", toast="toast.password_changed")


async def enter(request: Request, services: HostServices, secret: str, path: str, *, toast: str = "") -> Response:
    """Give the browser a new session instead of the one it may have, and go on."""
    await _end(request, services)
    response = redirect(path, toast=toast)
    keep_session(response, secret, secure=_is_secure(request, services))
    return response


async def _end(request: Request, services: HostServices) -> None:
    if old := session_secret(request.scope):
        await services.sign_in.sign_out(old)
        services.authenticator.forget()


def _is_secure(request: Request, services: HostServices) -> bool:
    return services.secure_cookies or request.url.scheme == "https"
