"""The API for people's own accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from klods.web.asking import Services, SignedIn
from klods.web.auth.credentials import visitor
from klods.web.own_account import Known, OwnAccount
from klods.web.people_models import MeIn, MeOut
from klods.web.refusals import REFUSALS, TRIES

router = APIRouter(prefix="/api/v1/me", responses=REFUSALS, tags=["me"])


def _mine(services: Services, caller: SignedIn) -> OwnAccount:
    return OwnAccount(services, caller)


Mine = Annotated[OwnAccount, Depends(_mine)]


@router.get("", operation_id="get_me")
def get_me(mine: Mine) -> MeOut:
    """Who you are here."""
    return MeOut.of(mine.by, mine.read())


@router.patch("", operation_id="change_me", responses=TRIES)
async def change_me(wanted: MeIn, request: Request, mine: Mine) -> MeOut:
    """Change what is known about you; another mail address takes your password, if you have one."""
    known = Known(wanted.name, wanted.email, wanted.locale)
    return MeOut.of(mine.by, await mine.change(known, wanted.password, visitor(request.scope)))
