import pytest

from klods.errors import InvalidName, Misdirected, NoSuchPlatform
from klods.kernel.features import Features
from klods.kernel.platforms import DEFAULT, Platform, Platforms, domain_of, host_of

HUB = Platform(1, "default", "Hub", domains=("hub.example.com",))
SHOP = Platform(2, "shop", "Shop", domains=("shop.example.com", "xn--smr-1na.dk"))
GONE = Platform(3, "gone", "Gone", domains=("gone.example.com",), is_archived=True)


def test_the_only_platform_answers_to_every_name():
    assert Platforms((DEFAULT,)).at("10.0.0.7:8000") is DEFAULT
    assert Platforms((HUB, GONE)).at("whatever") is HUB


def test_the_names_of_an_archived_platform_do_not_lead_to_the_one_that_is_left():
    for host in ("gone.example.com", "GONE.example.com.:80"):
        with pytest.raises(Misdirected):
            Platforms((HUB, GONE)).at(host)
    assert Platforms((HUB, GONE)).at("gone.example.com", "default") is HUB


def test_with_several_platforms_the_host_name_decides():
    platforms = Platforms((HUB, SHOP))
    assert platforms.at("shop.example.com:8443") is SHOP
    assert platforms.at("HUB.example.com.") is HUB


@pytest.mark.parametrize("host", ["", "127.0.0.1", "example.com", "shop.example.com.evil.org", "gone.example.com"])
def test_with_several_platforms_no_other_name_gets_a_default_one(host):
    with pytest.raises(Misdirected):
        Platforms((HUB, SHOP, GONE)).at(host)


def test_a_header_names_a_platform_whatever_the_host_name_is():
    platforms = Platforms((HUB, SHOP, GONE))
    assert platforms.at("127.0.0.1", "shop") is SHOP
    for unknown in ("Shop", "2", "gone", "nothing"):
        with pytest.raises(Misdirected):
            platforms.at("hub.example.com", unknown)
    with pytest.raises(Misdirected):
        Platforms((DEFAULT,)).at("hub", "shop")


def test_a_platform_is_found_by_code_and_by_number():
    platforms = Platforms((HUB, GONE))
    assert platforms.find("gone") is platforms.find(3) is platforms.find("3") is GONE
    for unknown in ("4", "nothing", "9" * 30, 0):
        with pytest.raises(NoSuchPlatform):
            platforms.find(unknown)


def test_domain_names_are_stored_as_browsers_send_them():
    assert domain_of(" Hub.Example.COM. ") == "hub.example.com"
    assert domain_of("smør.dk") == "xn--smr-1na.dk"
    assert domain_of("shop.localhost") == "shop.localhost"
    assert host_of("[::1]:8000") == "::1"


@pytest.mark.parametrize(
    "text",
    ["", " ", "https://hub.example.com", "hub.example.com:80", "hub/x", "a b", "a..b", "-x.dk", "x" * 300, "a\nb"],
)
def test_what_is_no_domain_name_is_refused(text):
    with pytest.raises(InvalidName):
        domain_of(text)


def test_without_a_tier_everything_is_open_but_what_was_taken():
    assert Features().has("anything")
    assert not Features(withdrawn=frozenset({"reports"})).has("reports")


def test_a_tier_opens_its_features_and_single_ones_are_given_beside_it():
    features = Features(
        frozenset({"reports"}), granted=frozenset({"export"}), withdrawn=frozenset({"reports", "export"})
    )
    assert not features.has("reports")
    assert not features.has("export")
    assert Features(frozenset({"reports"}), granted=frozenset({"export"})).has("export")
    assert not Features(frozenset()).has("reports")
