"""Where somebody is signed in, and how to end that."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from klods.web.asking import Services, SignedIn
from klods.web.auth.credentials import session_secret
from klods.web.auth.secrets import digest
from klods.web.pages.devices import device_name
from klods.web.pages.rendering import redirect, render

router = APIRouter(prefix="/auth/sign-ins", include_in_schema=False)


@router.get("")
def list_sign_ins(request: Request, subject: SignedIn, services: Services) -> Response:
    """Every browser in which the person is signed in."""
    this = digest(session_secret(request.scope))
    found = services.people.sign_ins.of(subject.user_id, this)
    return render(request, "klods/sign_ins.html", sign_ins=[(device_name(one.user_agent), one) for one in found])


@router.post("/{number}/end")
def end_sign_in(number: Annotated[int, Path(ge=1, le=2**62)], subject: SignedIn, services: Services) -> Response:
    """End one of them."""
    services.people.sign_ins.end(subject.user_id, number)
    services.authenticator.forget()
    return redirect("/auth/sign-ins", toast="toast.sign_in_ended")


@router.post("/end-others")
def end_others(request: Request, subject: SignedIn, services: Services) -> Response:
    """End all but this one."""
    services.people.sign_ins.end_all(subject.user_id, but=digest(session_secret(request.scope)))
    services.authenticator.forget()
    return redirect("/auth/sign-ins", toast="toast.sign_ins_ended")
