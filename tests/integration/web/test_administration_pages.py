"""The pages on which people, roles, platforms, vendors and features are managed, as forms without JavaScript."""

import re

import pytest
from starlette.testclient import TestClient
from support.hub import PASSWORD, open_hub, paper_module

HERE = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
def hub(host_database, tmp_path):
    modules = [paper_module("customers", tmp_path, features=("reports",), permissions=("customers.read",))]
    with open_hub(host_database, modules) as opened:
        opened.admin()
        yield opened


@pytest.fixture
def browser(hub):
    client = TestClient(hub.app, headers=HERE)
    client.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    return client


def heading(answer) -> str:
    return re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)[1].strip()


def test_a_person_is_made_given_roles_and_closed_out(browser, hub):
    assert heading(browser.get("/admin/people")) == "People"
    wanted = {
        "login": "karen",
        "name": "Karen Holm",
        "email": "karen@example.com",
        "kind": "admin",
        "roles": ["administrator"],
    }
    made = browser.post("/admin/people/new", data=wanted)
    assert (made.status_code, heading(made)) == (200, "Karen Holm")
    assert "karen may sign in." in made.text
    again = browser.post("/admin/people/new", data=wanted)
    assert again.status_code == 409
    assert 'value="Karen Holm"' in again.text
    wrong = browser.post("/admin/people/karen", data={"name": "Karen", "email": "nowhere"})
    assert (wrong.status_code, "is no mail address" in wrong.text) == (422, True)
    assert browser.post("/admin/people/karen/roles", data={}).status_code == 200
    assert hub.people.roles.of(hub.people.accounts.find("karen").id) == []
    link = browser.post("/admin/people/karen/password-link")
    assert re.search(r"http://testserver/auth/reset/\S{40,}", link.text)
    browser.post("/admin/people/karen/disable")
    assert hub.people.accounts.find("karen").disabled_at
    last = browser.post("/admin/people/admin/disable")
    assert (last.status_code, "nobody could manage people" in last.text) == (409, True)
    assert browser.get("/admin/people/nobody").status_code == 404


def test_a_role_is_made_out_of_boxes_and_the_fixed_one_cannot_be_changed(browser, hub):
    wanted = {"code": "clerk", "name": "Clerk", "kind": "admin", "counts": "here", "permissions": ["customers.read"]}
    listed = browser.post("/admin/roles/new", data=wanted)
    assert (heading(listed), "customers.read" in listed.text) == ("Roles", True)
    page = browser.get("/admin/roles/clerk")
    assert re.search(r'value="customers.read" checked', page.text)
    assert (
        browser.post("/admin/roles/clerk", data={"name": "Clerk", "permissions": ["no permission"]}).status_code == 422
    )
    assert "is part of Klods" in browser.get("/admin/roles/administrator").text
    assert browser.post("/admin/roles/administrator", data={"name": "x"}).status_code == 409
    assert browser.post("/admin/roles/clerk/delete").status_code == 200
    assert browser.get("/admin/roles/clerk").status_code == 404


def test_platforms_get_host_names_before_there_are_several(browser, hub):
    refused = browser.post("/admin/platforms/new", data={"code": "shop", "domains": "shop.localhost"})
    assert (refused.status_code, "Give each platform a domain name first" in refused.text) == (409, True)
    assert browser.post("/admin/platforms/default/domains", data={"domain": "testserver"}).status_code == 200
    assert (
        browser.post(
            "/admin/platforms/new", data={"code": "shop", "domains": "shop.localhost\nwww.shop.localhost"}
        ).status_code
        == 200
    )
    saved = browser.post("/admin/platforms/shop", data={"name": "The <shop>", "locale": "da", "tier": ""})
    assert heading(saved) == "The &lt;shop&gt;"
    assert browser.post("/admin/platforms/shop/archive").status_code == 200
    assert hub.services.platforms.read().find("shop").is_archived
    assert browser.post("/admin/platforms/default/archive").status_code == 409
    assert browser.post("/admin/platforms/shop", data={"name": " ", "locale": "xx"}).status_code == 422


def test_vendors_tiers_and_features_are_managed(browser, hub):
    assert browser.post("/admin/vendors/new", data={"code": "acme", "name": "ACME"}).status_code == 200
    assert (
        browser.post(
            "/admin/features/tiers/new", data={"code": "gold", "position": "1", "features": ["reports"]}
        ).status_code
        == 200
    )
    assert 'name="code"' not in browser.get("/admin/features/tiers/gold").text
    assert browser.post("/admin/features/tiers/gold", data={"name": "Gold", "features": ["reports"]}).status_code == 200
    assert browser.post("/admin/vendors/acme", data={"name": "ACME", "tier": "gold"}).status_code == 200
    assert hub.services.vendors.find("acme", 1).tier == "gold"
    assert '<option value="gold" selected>Gold</option>' in browser.get("/admin/vendors/acme").text
    assert ">Gold</td>" in browser.get("/admin/vendors").text
    assert browser.post("/admin/features/tiers/gold/delete").status_code == 409
    assert "gold" in browser.get("/admin/features").text
    assert (
        browser.post("/admin/features/decide", data={"feature": "reports", "decision": "withdraw"}).status_code == 200
    )
    assert not hub.services.platforms.read().find(1).features.has("reports")
    assert browser.post("/admin/vendors/acme/archive").status_code == 200
    assert browser.get("/admin/vendors/nobody").status_code == 404


def test_a_person_ends_their_own_sign_ins(browser, hub):
    other = TestClient(hub.app, headers=HERE)
    other.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    number = re.search(r"/auth/sign-ins/(\d+)/end", browser.get("/auth/sign-ins").text)[1]
    assert browser.post(f"/auth/sign-ins/{number}/end").status_code == 200
    assert heading(other.get("/admin/people")) == "Sign in"
    assert browser.get("/auth/sign-ins").text.count("/end") == 0


def test_the_menu_shows_what_a_person_may_open(hub):
    from klods.db.people.accounts import Account
    from klods.db.people.roles import Role

    account = hub.people.accounts.create(Account(0, "willy"))
    hub.people.roles.give(hub.people.roles.create(Role("looker", "", permissions=("klods.people.read",))), account.id)
    page = (
        TestClient(hub.app, headers={**HERE, "authorization": f"Bearer {hub.token(account)}"}).get("/admin/people").text
    )
    assert 'href="/admin/roles"' in page
    assert 'href="/admin/modules"' not in page
    assert 'href="/admin/platforms"' not in page


def test_the_menu_of_a_platform_is_changed_and_left_to_the_module_again(host_database, tmp_path):
    from klods.kernel.definition import FrontendType, MenuItem
    from klods.kernel.state import Active

    items = {FrontendType.ADMIN: (MenuItem("list", "Customers", path="/customers"),)}
    with open_hub(host_database, [paper_module("customers", tmp_path, menu_items=items)]) as hub:
        hub.admin()
        hub.lifecycle.put("customers", Active.ENABLED)
        hub.follow()
        browser = TestClient(hub.app, headers=HERE)
        browser.post("/auth/login", data={"login": "admin", "password": PASSWORD})
        entry = "/admin/menus/admin/customers/list"
        browser.post(entry, data={"label": "Kunder", "group": "Sales", "order": "3"})
        hub.follow_platforms()
        assert "Kunder" in browser.get("/").text
        assert browser.get("/api/v1/menus/admin").json()[0]["order"] == 3
        assert browser.post(entry, data={"order": "many"}).status_code == 422
        assert browser.put("/api/v1/menus/admin/customers/list", json={"hidden": True}).status_code == 204
        hub.follow_platforms()
        assert 'href="/customers"' not in browser.get("/admin/menus").text
        assert browser.get("/admin/menus/admin/customers/nothing").status_code == 404
        browser.post(entry, data={"reset": "yes"})
        hub.follow_platforms()
        assert "Customers" in browser.get("/").text


def test_a_language_that_a_person_chose_follows_them_into_every_browser(browser, hub):
    browser.post("/klods/look", data={"locale": "da", "to": "/"})
    other = TestClient(hub.app, headers=HERE)
    other.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    assert '<html lang="da"' in other.get("/").text
