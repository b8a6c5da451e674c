"""The API for people's own accounts."""

from fastapi import APIRouter, Request

from klods.web.administration.own_account import Known, Mine
from klods.web.api.people_models import MeIn, MeOut
from klods.web.api.refusals import REFUSALS, TRIES
from klods.web.auth.credentials import visitor

router = APIRouter(prefix="/api/v1/me", responses=REFUSALS, tags=["me"])


@router.get("", operation_id="get_me")
def get_me(mine: Mine) -> MeOut:
    """Who you are here."""
    return MeOut.of(mine.by, mine.read())


@router.patch("", operation_id="change_me", responses=TRIES)
async def change_me(wanted: MeIn, request: Request, mine: Mine) -> MeOut:
    """Change what is known about you; another mail address takes your password, if you have one."""
    known = Known(wanted.name, wanted.email, wanted.locale)
    return MeOut.of(mine.by, await mine.change(known, wanted.password, visitor(request.scope)))
