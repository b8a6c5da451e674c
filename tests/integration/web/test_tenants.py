"""Several platforms in one hub: who is where, and what nobody reaches across."""

import secrets
from dataclasses import replace

import pytest
from starlette.testclient import TestClient
from support.hub import PASSWORD, open_hub, paper_module, password_hash_of

from klods.db.people.accounts import Account
from klods.db.people.links import Purpose
from klods.db.people.roles import Role
from klods.db.rows import Rows
from klods.kernel.features import Tier
from klods.kernel.mailing import content_of
from klods.web.auth.first_start import make_password_link
from klods.web.auth.secrets import digest
from klods.web.auth.tokens import issue_token


@pytest.fixture
def hub(host_database, tmp_path):
    """Two platforms; an administrator of both, one of the shop, a clerk and a vendor there."""
    with open_hub(host_database, [paper_module("customers", tmp_path, features=("reports",))]) as opened:
        platforms, people = opened.services.platforms, opened.people
        platforms.add_domain(platforms.read().find("default"), "hub.example.com", actor="test")
        shop = platforms.create("shop", "Shop", ["shop.example.com"], actor="test")
        opened.admin()
        people.roles.create(Role("clerk", "", permissions=("customers.*", "klods.people.*"), platform_id=shop.id))
        for login, roles in (("boss", ["administrator"]), ("karen", ["clerk"])):
            account = people.accounts.create(
                Account(0, login, platform_id=shop.id, password_hash=password_hash_of(PASSWORD))
            )
            people.roles.assign([people.roles.find(role, shop.id) for role in roles], account.id, shop.id)
        opened.services.vendors.create("acme", "ACME", shop.id)
        opened.follow_platforms()
        yield opened


def token(hub, login, platform):
    account = hub.people.accounts.find(login)
    return issue_token(hub.people, secrets.token_hex(4), account.on(platform))


def client(hub, login=None, platform=2, host="shop.example.com", **headers):
    if login:
        headers["authorization"] = f"Bearer {token(hub, login, platform)}"
    return TestClient(hub.app, base_url=f"http://{host}", headers=headers, follow_redirects=False)


def test_a_host_name_of_no_platform_is_misdirected_and_health_answers_to_every_name(hub):
    stranger = client(hub, host="10.0.0.7")
    for path in ("/", "/api/v1/me", "/auth/login", "/customers", "/static/modules/customers/x.css"):
        answer = stranger.get(path)
        assert answer.status_code in (421, 404) if path.startswith("/static") else answer.status_code == 421, path
    assert stranger.get("/api/v1/me").json()["error"] == "misdirected"
    assert stranger.get("/health/live").status_code == 200
    page = stranger.get("/", headers={"accept": "text/html"})
    assert page.status_code == 421
    assert "10.0.0.7" in page.text


def test_a_token_works_on_its_platform_and_the_header_must_name_that_one(hub):
    assert client(hub, "boss").get("/api/v1/me").json()["login"] == "boss"
    assert client(hub, "admin", platform=1).get("/api/v1/me").status_code == 403
    by_address = client(hub, "admin", platform=1, host="10.0.0.7", **{"x-klods-platform": "default"})
    assert by_address.get("/api/v1/me").json()["login"] == "admin"
    assert by_address.get("/api/v1/me", headers={"x-klods-platform": "shop"}).status_code == 403
    assert by_address.get("/api/v1/me", headers={"x-klods-platform": "nothing"}).status_code == 421


def test_who_is_signed_in_on_another_platform_only_is_asked_to_sign_in_here(hub):
    browser = client(hub, host="hub.example.com", **{"sec-fetch-site": "same-origin"})
    browser.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    assert browser.get("/api/v1/me").json()["platform_id"] == 1
    browser.cookies = {"klods_session": browser.cookies["klods_session"]}
    browser.base_url = "http://shop.example.com"
    page = {"accept": "text/html"}
    for path in ("/", "/admin/people", "/api/docs"):
        asked = browser.get(path, headers=page)
        assert (asked.status_code, asked.headers["location"]) == (303, f"/auth/login?next={path}"), path
    form = browser.get("/auth/login?next=/customers", headers=page)
    assert (form.status_code, "Ada Holm" in form.text) == (200, False)
    assert browser.get("/nowhere", headers=page).status_code == 404
    assert browser.post("/admin/people/new", headers=page).status_code == 403
    assert browser.get("/api/v1/me").json()["error"] == "other_platform"


def test_people_of_one_platform_cannot_sign_in_on_another(hub):
    form = {"login": "boss", "password": PASSWORD}
    assert client(hub, host="hub.example.com").post("/auth/login", data=form).status_code == 401
    assert client(hub).post("/auth/login", data=form).status_code == 303


def test_an_administrator_of_one_platform_sees_and_changes_nothing_beyond_it(hub):
    boss = client(hub, "boss")
    assert [one["login"] for one in boss.get("/api/v1/users").json()] == ["boss", "karen"]
    assert boss.get("/api/v1/users/admin").status_code == 404
    assert boss.post("/api/v1/users/admin/disable").status_code == 404
    assert [one["code"] for one in boss.get("/api/v1/platforms").json()] == ["shop"]
    for method, path, body in (
        ("POST", "/api/v1/platforms", {"code": "more"}),
        ("PUT", "/api/v1/platforms/shop/domains/x.example.com", {}),
        ("POST", "/api/v1/platforms/default/archive", {}),
        ("PATCH", "/api/v1/platforms/default", {"name": "Mine"}),
        ("POST", "/api/v1/users", {"login": "all"}),
        ("POST", "/api/v1/roles", {"code": "all", "everywhere": True}),
        ("PUT", "/api/v1/features/tiers/gold", {"features": []}),
        ("PUT", "/api/v1/features/reports", {"granted": True}),
    ):
        answer = boss.request(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "for_all_platforms"), path
    assert boss.patch("/api/v1/platforms/shop", json={"name": "The shop", "locale": "da"}).json()["name"] == "The shop"


def test_somebody_of_one_platform_cannot_install_code_for_all(hub):
    boss = client(hub, "boss")
    refused = boss.post("/api/v1/modules/customers/enable")
    assert (refused.status_code, refused.json()["error"]) == (403, "for_all_platforms")


def test_nobody_gives_themselves_or_others_more_than_they_have(hub):
    karen = client(hub, "karen")
    for method, path, body in (
        ("PUT", "/api/v1/users/karen/roles", {"roles": ["administrator"]}),
        ("POST", "/api/v1/users", {"login": "me2", "platform": "shop", "roles": ["administrator"]}),
        ("POST", "/api/v1/users/boss/disable", {}),
        ("POST", "/api/v1/users/boss/password-link", {}),
        ("PATCH", "/api/v1/users/boss", {"email": "karen@example.com"}),
        ("PUT", "/api/v1/users/boss/roles", {"roles": []}),
        ("DELETE", "/api/v1/users/boss/sign-ins", {}),
    ):
        answer = karen.request(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "more_powerful"), path
    made = karen.post("/api/v1/users", json={"login": "newest", "platform": "shop", "roles": ["clerk"]})
    assert (made.status_code, made.json()["roles"]) == (201, ["clerk"])


def test_what_a_role_of_one_platform_allows_counts_there_alone_though_the_account_is_for_all(hub):
    sam = hub.people.accounts.create(Account(0, "sam"))
    hub.people.roles.give(hub.people.roles.create(Role("owner", "", permissions=("*",), platform_id=2)), sam.id)
    guest = client(hub, "sam")
    for method, path, body in (
        ("PUT", "/api/v1/users/sam/roles", {"roles": ["owner", "administrator"]}),
        ("POST", "/api/v1/users/admin/password-link", {}),
        ("POST", "/api/v1/users", {"login": "all", "roles": ["administrator"]}),
        ("POST", "/api/v1/roles", {"code": "all", "permissions": ["*"], "everywhere": True}),
        ("POST", "/api/v1/platforms/default/archive", {}),
        ("POST", "/api/v1/modules/customers/enable", {}),
    ):
        assert guest.request(method, path, json=body).status_code in (403, 404), path
    assert guest.put("/api/v1/users/karen/roles", json={"roles": []}).status_code == 200
    assert [one["login"] for one in guest.get("/api/v1/users").json()] == ["boss", "karen"]
    assert "sam" in [one["login"] for one in client(hub, "admin").get("/api/v1/users").json()]


def test_a_vendor_belongs_to_a_vendor_of_its_own_platform(hub):
    boss = client(hub, "boss")
    wanted = {"login": "vera", "kind": "vendor", "platform": "shop", "vendor": "acme", "roles": ["vendor"]}
    assert boss.post("/api/v1/users", json=wanted).status_code == 201
    assert boss.post("/api/v1/users", json={**wanted, "login": "x", "vendor": "nobody"}).status_code == 404
    assert boss.post("/api/v1/users", json={**wanted, "login": "y", "roles": ["clerk"]}).status_code == 422
    vera = client(hub, "vera")
    assert vera.get("/api/v1/me").json()["kind"] == "vendor"
    assert vera.get("/api/v1/users").status_code == 403
    boss.post("/api/v1/vendors/acme/archive")
    assert vera.get("/api/v1/me").status_code == 401
    boss.post("/api/v1/vendors/acme/restore")
    assert vera.get("/api/v1/me").status_code == 200


def test_a_role_that_changes_counts_at_once(hub):
    karen = client(hub, "karen")
    assert karen.get("/api/v1/users").status_code == 200
    admin = client(hub, "admin")
    assert admin.put("/api/v1/roles/clerk", json={"permissions": ["customers.read"]}).status_code == 200
    assert karen.get("/api/v1/users").status_code == 403
    assert admin.delete("/api/v1/roles/clerk").status_code == 204
    assert admin.get("/api/v1/users/karen").json()["roles"] == []


def test_the_document_shows_what_its_reader_may_call(hub):
    paths = client(hub, "karen").get("/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/users" in paths
    assert "post" not in paths.get("/api/v1/platforms", {})
    assert "/api/v1/modules" not in paths


def test_tiers_say_which_features_are_open(hub):
    services = hub.services
    services.tiers.save(Tier("gold", "Gold", frozenset({"reports"})), actor="test")
    services.tiers.save(Tier("plain", "Plain"), actor="test")
    services.platforms.set_tier(services.platforms.read().find("shop"), "plain", actor="test")
    boss, admin = client(hub, "boss"), client(hub, "admin")
    expected = [{"code": "reports", "module": "Customers", "is_open": False, "tiers": ["Gold"]}]
    assert boss.get("/api/v1/features").json() == expected
    assert admin.put("/api/v1/features/reports", json={"granted": True}).status_code == 204
    assert boss.get("/api/v1/features").json()[0]["is_open"]
    assert boss.put("/api/v1/features/reports", json={"granted": False, "vendor": "acme"}).status_code == 204
    assert not boss.get("/api/v1/features?vendor=acme").json()[0]["is_open"]
    assert admin.put("/api/v1/features/reports", json={"granted": None}).status_code == 204
    assert not boss.get("/api/v1/features").json()[0]["is_open"]


def test_a_new_password_is_chosen_by_a_link_that_works_once_and_ends_every_sign_in(hub):
    people, boss = hub.people, hub.people.accounts.find("boss")
    browser = client(hub)
    browser.post("/auth/login", data={"login": "boss", "password": PASSWORD})
    assert browser.get("/api/v1/me").status_code == 200
    link = make_password_link(people, boss)
    assert not people.links.is_open(digest(link.rpartition("/")[2]), 2)
    assert people.links.is_open(digest(link.rpartition("/")[2]), 2, Purpose.PASSWORD)
    fresh = client(hub)
    assert fresh.get(link).status_code == 200
    assert fresh.post(link, data={"new": "short"}).status_code == 422
    assert fresh.post(link, data={"new": "seven quiet storks"}).status_code == 303
    assert fresh.get("/api/v1/me").json()["login"] == "boss"
    assert browser.get("/api/v1/me").status_code == 401
    assert client(hub).post(link, data={"new": "eight quiet storks"}).status_code == 410
    assert client(hub, host="hub.example.com").get(make_password_link(people, boss)).status_code == 410


def test_asking_for_a_new_password_tells_nobody_who_is_known(hub):
    hub.people.accounts.change(hub.people.accounts.find("boss").id, name="Boss", email="boss@example.com", locale="da")
    known = client(hub).post("/auth/forgot", data={"named": "boss@example.com"})
    unknown = client(hub).post("/auth/forgot", data={"named": "nobody"})
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert known.text == unknown.text
    [(letter, platform)] = hub.letters
    content = content_of(letter.message)
    assert (letter.recipients, platform) == (("boss@example.com",), 2)
    assert "adgangskode" in content.text
    assert "https://shop.example.com/auth/reset/" in content.text
    for _ in range(12):
        last = client(hub).post("/auth/forgot", data={"named": "boss"})
    assert last.status_code == 429


def test_a_link_to_a_new_password_never_leads_where_a_forged_host_name_says(host_database):
    with open_hub(host_database) as hub:
        boss = hub.admin("boss")
        hub.people.accounts.change(boss.id, name="Boss", email="boss@example.com", locale="en")
        forged = client(hub, host="evil.example.com")
        assert forged.post("/auth/forgot", data={"named": "boss"}).status_code == 200
        assert hub.letters == []
        hub.services.__dict__["remind"] = replace(hub.services.remind, address="https://hub.example.com:8443")
        forged.post("/auth/forgot", data={"named": "boss"})
        [(letter, _)] = hub.letters
        assert "https://hub.example.com:8443/auth/reset/" in content_of(letter.message).text
        assert b"evil" not in letter.message


def test_what_only_begins_like_health_is_misdirected_too(hub):
    stranger = client(hub, host="10.0.0.7")
    for path in ("/healthcare", "/metrics-of-mine/x", "/healthcare/items"):
        assert stranger.get(path).status_code == 421, path
    assert stranger.get("/health").status_code == 200


def test_a_list_of_people_costs_the_same_however_many_there_are(hub, monkeypatch):
    asked = []
    boss = client(hub, "boss")
    boss.get("/api/v1/users")
    plain = Rows.all
    monkeypatch.setattr(Rows, "all", lambda rows, *statement: asked.append(statement) or plain(rows, *statement))
    few = len(boss.get("/api/v1/users").json()), len(asked)
    for number in range(5):
        hub.people.accounts.create(Account(0, f"more-{number}", platform_id=2))
    asked.clear()
    assert (len(boss.get("/api/v1/users").json()), len(asked)) == (few[0] + 5, few[1])
