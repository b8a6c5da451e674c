import re

import pytest
from starlette.testclient import TestClient
from support.hub import broken, open_hub, paper_module

from klods.errors import HookFailed, SharedTables
from klods.kernel.plan import Action
from klods.kernel.state import Active, Installed, Reason
from klods.web.auth.first_start import make_login_link

PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def hub(host_database, tmp_path):
    modules = [paper_module("customers", tmp_path, is_core=True), paper_module("invoices", tmp_path)]
    with open_hub(host_database, modules, [broken("prices", tmp_path)]) as opened:
        opened.lifecycle.put("customers", Active.ENABLED)
        opened.follow()
        yield opened


@pytest.fixture
def browser(hub):
    signed_in = TestClient(hub.app, headers=PAGE)
    signed_in.post(make_login_link(hub.people, hub.admin(password=None)))
    return signed_in


def token_in(page) -> str:
    return re.search(r'name="token" value="(\w+)"', page.text)[1]


def test_the_list_shows_every_module_with_its_state_and_reason(hub, browser):
    hub.lifecycle.put(
        "invoices", Active.DISABLED, Installed.FAILED, reason=Reason.IMPORT, detail="<oops> (router.py:3)"
    )
    page = browser.get("/admin/modules").text
    assert "import: &lt;oops&gt; (router.py:3)" in page
    assert "module.json is not JSON" in page
    assert "module.json:4" in page
    assert "/admin/modules/customers/disable" not in page
    assert "/admin/modules/prices/enable" not in page


def test_modules_are_called_as_the_readers_language_has_them(browser, tmp_path):
    texts = tmp_path / "invoices" / "locales" / "da.json"
    texts.parent.mkdir(parents=True)
    texts.write_text('{"module": {"name": "Fakturaer", "description": "Hvad kunder skylder"}}')
    danish = {"accept-language": "da"}
    listed = browser.get("/admin/modules?words=skylder", headers=danish).text
    assert ("<h2>Fakturaer</h2>" in listed, "Customers" in listed) == (True, False)
    assert "Slå Fakturaer til" in browser.get("/admin/modules/invoices/enable", headers=danish).text
    assert "<h2>Invoices</h2>" in browser.get("/admin/modules").text


def test_a_plan_is_shown_before_anything_happens(hub, browser):
    page = browser.get("/admin/modules/invoices/enable")
    assert "001_init" in page.text
    assert "Its tables are shared by all platforms." in page.text
    assert hub.lifecycle.actors == []


@pytest.mark.parametrize(
    ("locale", "read", "reference"),
    [
        ("en", "May read", "May point at"),
        ("da", "Må læse", "Må henvise til"),
        ("ru", "Может читать", "Может ссылаться на"),
    ],
)
def test_a_plan_shows_every_grant_in_the_reader_s_language(browser, locale, read, reference):
    browser.post("/klods/look", data={"locale": locale, "to": "/admin/modules"})
    page = browser.get("/admin/modules/invoices/enable").text
    assert f"{read} customers_customers (id, name)" in page
    assert f"{reference} customers_customers (id)" in page


def test_confirming_the_plan_applies_it_and_says_so_once(hub, browser):
    token = token_in(browser.get("/admin/modules/invoices/enable"))
    after = browser.post("/admin/modules/invoices/enable", data={"token": token})
    assert after.url.path == "/admin/modules"
    assert "invoices is enabled." in after.text
    assert "invoices is enabled." not in browser.get("/admin/modules").text
    assert hub.lifecycle.actors == ["admin"]


def test_processes_that_have_not_followed_are_named_on_the_page(hub, browser):
    hub.lifecycle.late = ("web-7",)
    assert "web-7" in browser.post("/admin/modules/invoices/enable").text


def test_a_plan_that_no_longer_fits_is_shown_anew_with_the_reason(hub, browser):
    page = browser.post("/admin/modules/invoices/enable", data={"token": "old"})
    assert page.status_code == 409
    assert "Something changed since this plan was made." in page.text
    assert token_in(page) == hub.lifecycle.plan(Action.ENABLE, "invoices", 1).token
    assert hub.lifecycle.actors == []


def test_what_fails_is_told_on_the_page_without_a_traceback(hub, browser):
    hub.lifecycle.refusal = HookFailed(module="invoices", hook="on_enable", reason="KeyError: <b> (hooks.py:9)")
    page = browser.post("/admin/modules/invoices/enable")
    assert page.status_code == 500
    assert "on_enable failed: KeyError: &lt;b&gt; (hooks.py:9)" in page.text
    assert "Traceback" not in page.text


def test_a_core_module_says_why_it_stays(browser):
    page = browser.get("/admin/modules/customers/disable")
    assert page.status_code == 409
    assert "neither disabled nor uninstalled" in page.text


def test_a_broken_module_has_a_page_with_its_problems(browser):
    page = browser.get("/admin/modules/prices/enable")
    assert page.status_code == 404
    assert "module.json:4" in page.text


@pytest.mark.parametrize("path", ["/admin/modules/nothing/enable", "/nowhere"])
def test_what_is_not_there_is_a_page_that_knows_its_reader(browser, path):
    page = browser.get(path)
    assert page.status_code == 404
    assert "Ada Holm" in page.text


def test_an_action_that_does_not_exist_is_refused_kindly(browser):
    assert browser.get("/admin/modules/invoices/explode").status_code == 422


def test_home_leads_to_what_is_enabled(hub, browser):
    assert "Customers" in browser.get("/").text
    assert "Invoices" not in browser.get("/").text


def test_a_language_is_chosen_in_the_browser_and_kept(browser):
    page = browser.post("/klods/look", data={"locale": "da", "to": "/admin/modules"})
    assert page.url.path == "/admin/modules"
    assert "<h1>Moduler</h1>" in page.text
    assert 'lang="da"' in browser.get("/").text


def test_a_theme_is_kept_and_nonsense_is_not(browser):
    assert 'data-bs-theme="dark"' in browser.post("/klods/look", data={"theme": "dark"}).text
    assert 'data-bs-theme="dark"' in browser.post("/klods/look", data={"theme": '"><script>', "locale": "../en"}).text


def test_choosing_a_look_leads_nowhere_else(browser):
    answer = browser.post("/klods/look", data={"theme": "dark", "to": "//evil.test"}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_files_are_kept_for_ever_only_when_their_address_names_a_version(browser):
    page = browser.get("/").text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in browser.get("/static/klods/nordic.css").headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/static/klods/../host.py", "/static/klods/%2e%2e/host.py", "/static/bootstrap/../../app.py"]
)
def test_files_outside_the_static_folders_are_out_of_reach(browser, path):
    assert browser.get(path).status_code == 404


def test_the_api_is_documented_offline_for_who_is_signed_in(hub, browser):
    assert 'data-url="/api/v1/openapi.json"' in browser.get("/api/docs").text
    stranger = TestClient(hub.app, headers=PAGE).get("/api/docs")
    assert stranger.url.path == "/auth/login"


LOGGED = """
    insert into klods.module_log(actor, action, code, platform_id, outcome, plan, after, why, generation) values
    ('ada', 'enable', 'customers', 1, 'done', '{"target": "invoices", "steps": [{"do": "enable", "code": "customers"}]}',
     'enable', 'spring <b>', 7),
    ('ada', 'enable', 'invoices', 1, 'done', '{"target": "invoices", "steps": [{"do": "enable", "code": "customers"}]}',
     'install enable', 'spring <b>', 7);
    insert into klods.module_log_acknowledgement(generation, followed, late, seconds) values (7, '{web-1}', '{web-2}', 0.25)"""


def test_the_history_of_a_module_shows_what_was_done_and_the_way_back(hub, browser):
    with hub.database.connection() as connection:
        connection.execute(LOGGED)
    page = browser.get("/admin/modules/invoices/log").text
    assert "spring &lt;b&gt;" in page
    assert re.search(r">\d+ \w{3} \d{4} \d\d:\d\d</time>", page)
    assert "Had not followed by then: web-2" in page
    assert 'href="/admin/modules/invoices/undo?entry=1"' in page
    refused = browser.get("/admin/modules/invoices/undo?entry=1")
    assert refused.status_code == 409
    assert "Entry 1 cannot be undone" in refused.text
    assert browser.get("/admin/modules/nothing/log").status_code == 404
    assert "Nothing was done yet" in browser.get("/admin/modules/prices/log").text


def test_tables_are_shared_after_a_box_was_ticked(hub, browser):
    hub.lifecycle.planning_refusal = SharedTables(module="invoices", platforms="2", tables="invoices_rates")
    page = browser.get("/admin/modules/invoices/enable")
    assert page.status_code == 409
    assert "would share its rows with this one, in invoices_rates" in page.text
    assert 'name="shared"' in page.text
    assert browser.get("/admin/modules/invoices/enable?shared=true").status_code == 200
