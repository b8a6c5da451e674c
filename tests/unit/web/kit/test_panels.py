import pytest
from support.hub import paper_module

from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject
from klods.web.engine.offers import Offer
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.pages.kit.panels import Found, Panels
from klods.web.pages.rendering import Pages

ADA = Subject(1, "ada", "Ada Holm")


class Ready:
    """A module that is loaded and offers these panels."""

    def __init__(self, *offers):
        self.offers = offers


@pytest.fixture
def pages(tmp_path):
    entries = {code: Entry(paper_module(code, tmp_path), "one") for code in ("bills", "cards", "drafts", "loading")}
    entries["bills"].app = Ready(
        Offer("shop.customer", "/-/panels/late", "Late", 200), Offer("shop.order", "/-/x", "X")
    )
    entries["cards"].app = Ready(Offer("shop.customer", "/-/panels/hours", "Hours"))
    entries["drafts"].app = Ready(Offer("shop.customer", "/-/panels/drafts", "Drafts"))
    return Pages(Switchboard(Snapshot(1, entries, {1: frozenset(entries) - {"drafts"}})))


def test_a_place_shows_what_modules_that_are_on_and_loaded_offer_it_in_order(pages):
    shown = [(link.label, link.path) for link in pages.offered(ADA, "en", "shop.customer")]
    assert shown == [("Hours", "/cards/-/panels/hours"), ("Late", "/bills/-/panels/late")]


def test_vendors_and_strangers_are_offered_nothing(pages):
    vendor = Subject(2, "v", "V", kind=FrontendType.VENDOR)
    assert [*pages.offered(vendor, "en", "shop.customer"), *pages.offered(None, "en", "shop.customer")] == []


def test_a_panel_is_a_route_below_the_modules_own_pages():
    panels = Panels()

    @panels.panel("shop.customer", title="hours", order=5)
    def hours(customer: int) -> None: ...

    assert panels.offers == [Offer("shop.customer", "/-/panels/hours", "hours", 5)]
    assert [route.path for route in panels.routes] == ["/-/panels/hours"]
    with pytest.raises(ValueError, match="two panels of the name 'hours'"):
        panels.panel("shop.order", title="hours")(hours)


def test_mistakes_of_an_author_are_told_where_they_are_made():
    async def find(words: str) -> list[Found]: ...

    with pytest.raises(ValueError, match="no place of a page"):
        Panels().panel("Customers", title="x")
    with pytest.raises(TypeError, match="order as a whole number"):
        Panels().panel("shop.order", title="x", order="first")(find)
    with pytest.raises(TypeError, match="plain function"):
        Panels().search("x")(find)
    for path in ("https://evil.test", "//evil.test", "/\\evil.test", "/\t/evil.test"):
        with pytest.raises(ValueError, match="one slash"):
            Found("x", path)
    assert Found("x", "/shop/Ærø bakery").path == "/shop/Ærø bakery"
