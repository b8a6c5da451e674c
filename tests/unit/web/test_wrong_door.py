"""What somebody is told who is known and stands before what is for others."""

import asyncio

import pytest

from klods.errors import OtherPlatform, OtherSide
from klods.kernel.definition import FrontendType
from klods.kernel.platforms import Platform
from klods.kernel.subject import Subject
from klods.web.asgi_scope import AREA, PLATFORM, SUBJECT
from klods.web.callers import caller_of
from klods.web.engine.gate import Admission
from klods.web.engine.paths import Area

VERA = Subject(7, "vera", kind=FrontendType.VENDOR, platform_id=2)


async def nobody(asgi):
    return None


def enter(area, platform):
    asgi = {"type": "http", "path": "/", "headers": [], AREA: area, SUBJECT: VERA, PLATFORM: platform}
    return asyncio.run(Admission(nobody).admit(asgi, internal=False))


SHOP = Platform(2, "shop", "Shop")


def test_a_vendor_comes_in_where_vendors_belong():
    assert enter(Area.VENDOR, SHOP) is VERA


def test_a_vendor_on_the_admins_side_is_told_where_vendors_belong():
    with pytest.raises(OtherSide) as caught:
        enter(Area.API, SHOP)
    assert str(caught.value) == "This is for accounts of the kind admin, and yours is of the kind vendor."
    assert "/api/vendor" in caught.value.advice


@pytest.mark.parametrize("ask", [caller_of, lambda asgi: enter(Area.VENDOR, asgi[PLATFORM])])
def test_somebody_of_another_platform_is_told_so(ask):
    with pytest.raises(OtherPlatform) as caught:
        ask({SUBJECT: VERA, PLATFORM: Platform(1, "default", "Default")})
    assert "--platform" in caught.value.advice
