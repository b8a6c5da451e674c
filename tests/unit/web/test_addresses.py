"""Where a link leads that the hub gives somebody."""

from klods.kernel.platforms import Platform, Platforms
from klods.web.addresses import address_on

HERE = "http://127.0.0.1:8000"
FIRST = Platform(1, "default", "Default", ("hub.localhost",))
SHOP = Platform(2, "shop", "Shop", ("shop.localhost",))


def test_a_link_for_all_platforms_never_leads_to_a_name_that_several_platforms_refuse():
    assert address_on(Platforms((FIRST, SHOP)), None, HERE) == "http://hub.localhost:8000"


def test_a_link_for_all_platforms_passes_over_a_platform_that_is_archived():
    archived = Platform(1, "old", "Old", ("old.localhost",), is_archived=True)
    third = Platform(3, "third", "Third", ("third.localhost",))
    assert address_on(Platforms((archived, SHOP, third)), None, HERE) == "http://shop.localhost:8000"


def test_a_link_for_all_platforms_keeps_a_name_that_leads_to_one_of_them():
    assert address_on(Platforms((FIRST, SHOP)), None, "http://shop.localhost:8000") == "http://shop.localhost:8000"


def test_the_only_platform_answers_to_every_name():
    assert address_on(Platforms((FIRST,)), None, HERE) == HERE
    assert address_on(Platforms((FIRST,)), 1, HERE) == HERE


def test_a_link_for_somebody_of_one_platform_leads_there():
    assert address_on(Platforms((FIRST, SHOP)), 2, "http://hub.localhost:8000") == "http://shop.localhost:8000"
