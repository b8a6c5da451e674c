import json
import re

import pytest
from starlette.testclient import TestClient
from support.hub import PASSWORD, open_hub

from klods.db.people.accounts import Account
from klods.kernel.definition import FrontendType
from klods.web.auth import sign_in
from klods.web.auth.first_start import make_login_link, nobody_has_signed_in, prepare_admin
from klods.web.auth.passwords import Passwords
from klods.web.auth.secrets import TOKEN_PREFIX

JSON = {"Content-Type": "application/json"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def hub(host_database):
    with open_hub(host_database) as opened:
        yield opened


@pytest.fixture
def browser(hub):
    return TestClient(hub.app, follow_redirects=False, headers=PAGE)


def log_in(browser, login="admin", password=PASSWORD, **more):
    return browser.post("/auth/login", data={"login": login, "password": password, **more})


def cookie_of(answer):
    return answer.headers["set-cookie"]


def test_signing_in_gives_a_session_that_scripts_and_other_sites_cannot_use(hub, browser):
    hub.admin()
    answer = log_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert all(word in cookie_of(answer) for word in ("klods_session=", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie_of(answer)
    assert browser.get("/").status_code == 200


def test_over_https_the_session_never_travels_in_the_clear(hub):
    hub.admin()
    answer = log_in(TestClient(hub.app, base_url="https://hub.test", follow_redirects=False))
    assert "Secure" in cookie_of(answer)


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(hub, browser):
    hub.admin("ada")
    wrong, unknown = log_in(browser, "ada", "wrong"), log_in(browser, "bob", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert "set-cookie" not in wrong.headers
    pages = [re.sub(r'value="(ada|bob)"', "", answer.text) for answer in (wrong, unknown)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("login", ["", "ada\0", "x" * 5000, "' or 1=1 --", "\ud800"])
def test_strange_logins_are_just_wrong(hub, browser, login):
    data = {"login": login.encode("utf-8", "surrogatepass"), "password": "x"}
    assert browser.post("/auth/login", data=data).status_code == 401


def test_an_account_without_password_lets_nobody_in_by_one(hub, browser):
    hub.admin("ada", password=None)
    assert [log_in(browser, "ada", password).status_code for password in ("", "None", "nobody has this password")] == [
        401
    ] * 3


def test_a_form_leads_back_to_where_one_was_going_and_nowhere_else(hub, browser):
    hub.admin()
    assert log_in(browser, next="/admin/modules?a=b").headers["location"] == "/admin/modules?a=b"
    for evil in ("//evil.test", "https://evil.test", "/\\evil.test"):
        assert log_in(browser, next=evil).headers["location"] == "/"


def test_signing_in_again_replaces_the_session(hub, browser):
    hub.admin()
    log_in(browser)
    first = browser.cookies["klods_session"]
    log_in(browser)
    assert browser.cookies["klods_session"] != first
    browser.cookies.set("klods_session", first, domain="testserver.local")
    assert (
        TestClient(hub.app, follow_redirects=False)
        .get("/", headers=PAGE | {"Cookie": f"klods_session={first}"})
        .status_code
        == 303
    )


def test_a_session_that_somebody_planted_is_not_taken_over(hub, browser):
    hub.admin()
    browser.cookies.set("klods_session", "planted")
    answer = log_in(browser)
    assert "klods_session=planted" not in cookie_of(answer)


def test_signing_out_ends_the_session_on_the_server(hub, browser):
    hub.admin()
    log_in(browser)
    secret = browser.cookies["klods_session"]
    assert browser.post("/auth/logout").headers["location"] == "/auth/login"
    assert "klods_session" not in browser.cookies
    again = TestClient(hub.app, follow_redirects=False, cookies={"klods_session": secret}, headers=PAGE)
    assert again.get("/").status_code == 303


def test_a_page_that_needs_somebody_leads_to_the_form_and_back(hub, browser):
    hub.admin()
    form = browser.get(browser.get("/admin/modules?x=1&y=2").headers["location"])
    to = re.search(r'name="next" value="([^"]*)"', form.text)[1]
    assert to == "/admin/modules?x=1&amp;y=2"


def test_guessing_is_slowed_down_for_one_login_from_one_address(hub, browser):
    hub.admin()
    answers = [log_in(browser, password="wrong").status_code for _ in range(sign_in.TRIES + 1)]
    assert answers == [401] * sign_in.TRIES + [429]
    late = log_in(browser)
    assert late.status_code == 429
    assert "set-cookie" not in late.headers
    elsewhere = TestClient(hub.app, client=("10.0.0.9", 1), follow_redirects=False)
    assert log_in(elsewhere).status_code == 303


def test_guessing_one_password_for_many_logins_is_slowed_down(hub, browser, monkeypatch):
    monkeypatch.setattr(sign_in, "TRIES_OF_ADDRESS", 3)
    answers = [log_in(browser, f"user{number}", "wrong").status_code for number in range(4)]
    assert answers == [401, 401, 401, 429]


def test_success_is_no_reason_to_slow_down(hub, browser):
    hub.admin()
    for _ in range(2):
        for _ in range(sign_in.TRIES - 1):
            log_in(browser, password="wrong")
        assert log_in(browser).status_code == 303


def test_another_site_can_sign_nobody_in_or_out(hub, browser):
    hub.admin()
    log_in(browser)
    for path in ("/auth/login", "/auth/logout", "/auth/password", "/klods/look"):
        answer = browser.post(path, headers={"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert browser.get("/").status_code == 200


def test_a_link_shows_a_button_first_and_lets_in_once(hub, browser):
    link = make_login_link(hub.people, hub.admin(password=None), "http://testserver")
    for _ in range(2):
        assert "<form" in browser.get(link).text
    assert browser.post(link).status_code == 303
    assert browser.get("/").status_code == 200
    assert browser.post(link).status_code == 410
    assert browser.get(link).status_code == 410


def test_a_made_up_link_lets_nobody_in(hub, browser):
    assert browser.post("/auth/link/made-up").status_code == 410


def test_a_made_up_link_makes_the_hub_hash_nothing(hub, browser, monkeypatch):
    def hashed(self, password):
        raise AssertionError

    monkeypatch.setattr(Passwords, "hash", hashed)
    assert browser.post("/auth/reset/made-up", data={"new": PASSWORD}).status_code == 410


def test_the_first_start_makes_an_admin_and_a_link_until_somebody_came_in(hub, browser):
    admin = prepare_admin(hub.people)
    assert nobody_has_signed_in(hub.people)
    browser.post(make_login_link(hub.people, admin))
    assert not nobody_has_signed_in(hub.people)
    assert prepare_admin(hub.people).id == admin.id


def test_a_password_from_the_settings_is_used_until_somebody_chose_one(hub, browser):
    prepare_admin(hub.people, "from the settings")
    prepare_admin(hub.people, "another one later")
    assert log_in(browser, "admin", "another one later").status_code == 401
    assert log_in(browser, "admin", "from the settings").status_code == 303


def test_a_password_is_changed_by_who_knows_the_present_one(hub, browser):
    hub.admin()
    log_in(browser)
    other = TestClient(hub.app, follow_redirects=False, headers=PAGE)
    log_in(other)
    assert browser.post("/auth/password", data={"password": "wrong", "new": "five loud cranes"}).status_code == 422
    assert browser.post("/auth/password", data={"password": PASSWORD, "new": "short"}).status_code == 422
    assert browser.post("/auth/password", data={"password": PASSWORD, "new": "five loud cranes"}).status_code == 303
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert log_in(other, password="five loud cranes").status_code == 303


def test_who_came_by_link_chooses_a_first_password_without_an_old_one(hub, browser):
    browser.post(make_login_link(hub.people, hub.admin(password=None)))
    refused = browser.post("/auth/password", data={"new": "short"})
    assert (refused.status_code, 'name="password"' in refused.text) == (422, False)
    assert browser.post("/auth/password", data={"new": "five loud cranes"}).status_code == 303
    assert log_in(browser, password="five loud cranes").status_code == 303


def test_a_token_chooses_no_password_for_its_owner(hub):
    program = TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(hub.admin(password=None))}"})
    assert program.post("/auth/password", data={"new": PASSWORD}).status_code == 403
    assert hub.people.accounts.find("admin").password_hash is None


def test_a_token_is_revoked_whatever_its_name(hub):
    program = TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(hub.admin())}"})
    assert program.post("/api/v1/tokens", json={"name": "ci/cd"}).status_code == 201
    assert program.delete("/api/v1/tokens/ci%2Fcd").status_code == 204


def test_a_token_lets_a_program_in_until_it_is_revoked(hub):
    admin = hub.admin()
    program = TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(admin)}"})
    assert program.get("/api/v1/me").json()["token"] == "test"
    assert program.delete("/api/v1/tokens/test").status_code == 204
    assert program.get("/api/v1/me").status_code == 401


def test_a_new_token_is_shown_once(hub):
    program = TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(hub.admin())}"})
    made = program.post("/api/v1/tokens", json={"name": "scanner"})
    assert made.status_code == 201
    assert made.json()["token"].startswith(TOKEN_PREFIX)
    assert made.json()["token"] not in program.get("/api/v1/tokens").text
    assert program.post("/api/v1/tokens", json={"name": "scanner"}).status_code == 409


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "a\nb", "x" * 101, 7, None, "\ud800"])
def test_a_token_needs_a_sensible_name(hub, name):
    program = TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(hub.admin())}"})
    assert program.post("/api/v1/tokens", content=json.dumps({"name": name}), headers=JSON).status_code == 422


def test_a_vendor_may_look_at_itself_and_not_at_the_host(hub):
    vendor = hub.people.accounts.create(Account(0, "vera", kind=FrontendType.VENDOR))
    program = TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(vendor)}"})
    assert program.get("/api/v1/me").json()["kind"] == "vendor"
    assert program.get("/api/v1/modules").json()["error"] == "not_allowed"
    assert program.post("/api/v1/tokens", json={"name": "x"}).status_code == 403
