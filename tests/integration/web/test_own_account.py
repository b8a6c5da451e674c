"""People change their own name and mail address; where links to new passwords go is kept by the password."""

import pytest
from starlette.testclient import TestClient
from support.hub import PASSWORD, open_hub

HERE = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
def hub(host_database):
    with open_hub(host_database) as opened:
        opened.admin()
        yield opened


@pytest.fixture
def browser(hub):
    client = TestClient(hub.app, headers=HERE)
    client.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    return client


@pytest.fixture
def program(hub):
    return TestClient(hub.app, headers={"authorization": f"Bearer {hub.token(hub.people.accounts.find('admin'))}"})


def known(hub):
    account = hub.people.accounts.find("admin")
    return account.name, account.email


def test_a_new_name_is_in_force_at_once_and_a_new_address_takes_the_password(hub, browser):
    assert 'value="Ada Holm"' in browser.get("/auth/account").text
    renamed = browser.post("/auth/account", data={"name": "Ada Ørsted", "email": ""})
    assert (renamed.status_code, "Ada Ørsted</span>" in renamed.text) == (200, True)
    wanted = {"name": "Ada Ørsted", "email": "ada@example.com"}
    refused = browser.post("/auth/account", data=wanted)
    assert (refused.status_code, 'value="ada@example.com"' in refused.text) == (401, True)
    assert known(hub) == ("Ada Ørsted", "")
    assert browser.post("/auth/account", data=wanted | {"password": PASSWORD}).status_code == 200
    assert known(hub) == ("Ada Ørsted", "ada@example.com")
    wrong = browser.post("/auth/account", data={"name": "Ada", "email": "nowhere", "password": PASSWORD})
    assert (wrong.status_code, "is no mail address" in wrong.text) == (422, True)
    assert browser.post("/auth/account", data=wanted | {"name": "A\0da"}).status_code == 422


def test_a_program_does_the_same_and_leaves_what_it_does_not_name(hub, program):
    program.patch("/api/v1/me", json={"name": "Ada Ørsted", "locale": "da"})
    refused = program.patch("/api/v1/me", json={"email": "ada@example.com"})
    assert (refused.status_code, refused.json()["error"]) == (401, "wrong_password")
    mine = program.patch("/api/v1/me", json={"email": "ada@example.com", "password": PASSWORD}).json()
    assert (mine["name"], mine["email"], mine["locale"]) == ("Ada Ørsted", "ada@example.com", "da")
    assert program.get("/api/v1/me").json() == mine


def test_guesses_at_the_password_are_counted(hub, program):
    answers = [program.patch("/api/v1/me", json={"email": "a@b.dk", "password": "x"}).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


def test_without_a_password_the_address_is_changed_as_it_is(hub):
    karen = TestClient(hub.app, headers={"authorization": f"Bearer {hub.token(hub.admin('karen', None))}"})
    assert karen.patch("/api/v1/me", json={"email": "karen@example.com"}).json()["has_password"] is False
    assert hub.people.accounts.find("karen").email == "karen@example.com"
