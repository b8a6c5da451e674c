"""The host's pages in a real browser: every look, every language, without a mouse, without JavaScript."""

import pytest
from support.browser import axe_violations
from support.hub import PASSWORD, broken, open_hub, paper_module
from support.serving import serving

from klods.kernel.definition import FrontendType, MenuItem
from klods.kernel.state import Active, Installed, Reason
from klods.web.auth.first_start import make_login_link

pytestmark = pytest.mark.browser

MENU = {FrontendType.ADMIN: [MenuItem("customers", icon="people", group="Sales")]}
WIDTHS = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 800}}
ADMINISTRATION = (
    "people",
    "people/new",
    "people/admin",
    "roles",
    "roles/new",
    "vendors",
    "vendors/new",
    "platforms",
    "platforms/new",
    "platforms/default",
    "features",
    "features/tiers/new",
    "menus",
    "modules/invoices/log",
    "modules/invoices/config",
    "patterns",
)
LONG_LOOK = ("dark", "wide", "da-DK")
LOOKS = [
    ("light", "wide", "en-GB"),
    pytest.param(*LONG_LOOK, marks=pytest.mark.long),
    ("light", "narrow", "ru-RU"),
    ("dark", "narrow", "da-DK"),
]


@pytest.fixture
def hub(host_database, tmp_path):
    modules = [
        paper_module("customers", tmp_path, is_core=True, description="Who we work for.", menu_items=MENU),
        paper_module("invoices", tmp_path, description="What we send."),
        paper_module("tickets", tmp_path, requires=("customers",)),
    ]
    with open_hub(host_database, modules, [broken("prices", tmp_path)]) as opened:
        opened.lifecycle.put("customers", Active.ENABLED)
        opened.lifecycle.put(
            "tickets", Active.DISABLED, Installed.FAILED, reason=Reason.IMPORT, detail="No module named x"
        )
        opened.follow()
        opened.admin()
        yield opened


@pytest.fixture
def address(hub):
    with serving(hub.app) as served:
        yield served


def sign_in(page):
    page.goto("/auth/login")
    page.fill("#login", "admin")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/")


def is_wider_than_the_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


@pytest.mark.parametrize(("scheme", "width", "locale"), LOOKS, ids=lambda part: part)
def test_no_page_has_an_obstacle_or_runs_off_the_screen(address, open_page, scheme, width, locale):
    page = open_page(address, color_scheme=scheme, viewport=WIDTHS[width], locale=locale, reduced_motion="reduce")
    wrong = {}

    def look(name):
        wrong[name] = axe_violations(page) + (["too wide"] if is_wider_than_the_screen(page) else [])

    page.goto("/auth/login")
    look("login")
    page.fill("#login", "admin")
    page.fill("#password", "wrong")
    page.click("main button")
    look("login refused")
    sign_in(page)
    look("home")
    page.click(".k-account > summary")
    look("account")
    if width == "narrow":
        page.click(".k-drawer > summary")
        look("drawer")
    for path in (
        "/admin/modules",
        "/admin/modules/invoices/enable",
        "/admin/modules/customers/live",
        "/admin/modules/prices/enable",
        "/auth/account",
        "/auth/password",
        "/nowhere",
        *(f"/admin/{name}" for name in ADMINISTRATION if (scheme, width, locale) == LONG_LOOK),
    ):
        page.goto(path)
        look(path)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_everything_works_without_javascript(hub, address, open_page):
    page = open_page(address, java_script_enabled=False)
    sign_in(page)
    page.click("aside >> text=Modules")
    page.click("a[href='/admin/modules/invoices/enable']")
    page.click("main form button")
    assert page.locator("[role=status]").first.inner_text() == "invoices is enabled."
    page.click(".k-account > summary")
    page.click("text=Dansk")
    assert page.locator("h1").inner_text() == "Moduler"
    page.click(".k-account > summary")
    page.click("text=Log ud")
    assert page.url.endswith("/auth/login")


def test_a_login_link_needs_a_click(hub, address, open_page):
    page = open_page(address)
    page.goto(make_login_link(hub.people, hub.people.accounts.first_admin(), address))
    assert page.goto("/").url.endswith("/auth/login?next=/")
    page.go_back()
    page.click("main button")
    page.wait_for_url("**/")
    assert "Ada Holm" in page.locator("h1").inner_text()


def test_a_module_is_switched_by_keyboard_alone(hub, address, open_page):
    page = open_page(address)
    sign_in(page)
    page.goto("/admin/modules/invoices/enable")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "k-skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/modules*")
    assert hub.lifecycle.actors == ["admin"]


def test_the_theme_changes_at_once_and_is_remembered(address, open_page):
    page = open_page(address, color_scheme="light")
    sign_in(page)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click(".k-account > summary")
    with page.expect_response("**/klods/look"):
        page.click(".k-account >> text=Dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.goto("/admin/modules")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_a_popup_closes_with_escape_and_gives_the_focus_back(address, open_page):
    page = open_page(address)
    sign_in(page)
    page.click(".k-account > summary")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not page.locator(".k-account").get_attribute("open")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_list_is_searched_and_filtered_and_a_plan_opens_above_it(hub, address, open_page):
    page = open_page(address)
    sign_in(page)
    page.goto("/admin/modules")
    page.fill("[name=words]", "invo SEND")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/modules?words=invo+SEND")
    assert page.locator(".k-row h2").all_inner_texts() == ["Invoices"]
    page.wait_for_selector("[aria-haspopup=dialog]")
    page.click("a[href='/admin/modules/invoices/enable']")
    assert "Enable Invoices" in page.locator("dialog h1").inner_text()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/admin/modules/invoices/enable"
    page.keyboard.press("Enter")
    page.click("dialog form button")
    page.wait_for_url("**/admin/modules")
    assert hub.lifecycle.actors == ["admin"]


def test_the_documentation_of_the_api_is_drawn_from_this_machine_only(address, open_page):
    page = open_page(address)
    sign_in(page)
    page.goto("/api/docs")
    page.wait_for_selector(".opblock-tag")
    assert (
        "modules" in page.locator(".opblock-tag").first.inner_text() + page.locator(".opblock-tag").nth(1).inner_text()
    )


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_documentation_is_as_dark_as_the_rest_and_leads_back(address, open_page, scheme, is_dark):
    page = open_page(address, color_scheme=scheme)
    sign_in(page)
    page.goto("/api/docs")
    page.wait_for_selector(".opblock-tag")
    paper = page.evaluate("getComputedStyle(document.querySelector('.swagger-ui')).backgroundColor")
    assert (paper == "rgb(28, 32, 34)") is is_dark
    page.click("nav a")
    page.wait_for_url("**/")
