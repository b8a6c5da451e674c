"""The pattern page in a real browser: every piece in every look and language, by keyboard, and without JavaScript."""

import pytest
from support.browser import axe_violations
from support.hub import open_hub
from support.rounds import rounds
from support.serving import serving

from klods.web.auth.first_start import make_login_link

pytestmark = pytest.mark.browser

LOOKS = [("light", 1440, "en-GB"), ("dark", 390, "da-DK"), ("dark", 1440, "ru-RU")][: rounds(2, 3)]


@pytest.fixture
def visit(host_database, open_page):
    """Opens pages that are signed in already, all on one server."""
    with open_hub(host_database) as hub, serving(hub.app) as address:
        account = hub.admin(password=None)

        def enter(**options):
            page = open_page(address, reduced_motion="reduce", **options)
            page.goto(make_login_link(hub.people, account, address))
            page.click("main button")
            page.goto("/admin/patterns")
            return page

        yield enter


def test_every_piece_works_and_has_no_obstacle_in_every_look(visit):
    wrong = {}
    for scheme, width, locale in LOOKS:
        page = visit(color_scheme=scheme, viewport={"width": width, "height": 850}, locale=locale)
        page.click(".k-filters > summary")
        seen = [_obstacles(page)]
        page.keyboard.press("Escape")
        page.fill("#form [name=total]", "-5")
        page.click("#form .btn-primary")
        page.wait_for_selector("[aria-invalid]")
        seen.append(_obstacles(page))
        wrong[scheme, width, locale] = [each for found in seen for each in found]
    assert {look: found for look, found in wrong.items() if found} == {}

    page.goto("/admin/patterns/return")
    assert _obstacles(page) == []

    page = visit()
    _try_table(page)
    _try_dialog(page)
    page.goto("/admin/patterns/progress")
    page.wait_for_selector("[data-state=done]", timeout=15_000)

    plain = visit(java_script_enabled=False)
    plain.fill("[name=orders_words]", "havn")
    plain.click("[data-without-script]")
    plain.click("thead >> text=Total")
    assert "orders_words=havn" in plain.url
    assert "orders_sort=total" in plain.url
    plain.check("[data-pick] >> nth=0")
    plain.click("[data-bulk] button")
    assert plain.locator("[role=status]").first.inner_text() == "Packed: 1"
    plain.click("text=Take the order back")
    plain.click("main form button")
    assert plain.locator("[role=status]").first.inner_text() == "The order could be taken back."


def _obstacles(page):
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return axe_violations(page) + (["too wide"] if wide else [])


def _try_table(page):
    page.wait_for_selector("[data-pick-all]:visible")
    page.check("[data-pick-all]")
    assert page.locator("[data-bulk-count]").inner_text() == "Selected: 25"
    page.click(".k-filters > summary")
    page.select_option("[name=orders_stage]", "sent")
    page.keyboard.press("Escape")
    page.press("[name=orders_words]", "Enter")
    page.wait_for_url("**/admin/patterns?orders_stage=sent")


def _try_dialog(page):
    page.wait_for_selector("#dialog [aria-haspopup]")
    page.focus("#dialog .btn")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    for _ in range(5):
        page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        assert page.evaluate(inside), "the focus left the dialog"
    page.keyboard.press("Escape")
    assert page.evaluate("!!document.activeElement.closest('#dialog')")
    assert page.locator("dialog").count() == 0
