import json
from io import StringIO

import pytest
from starlette.testclient import TestClient
from support.hub import open_hub

from klods.cli.main import main
from klods.cli.users import user
from klods.db.database import Database
from klods.db.people.stores import People
from klods.db.processes import Membership
from klods.web.auth.passwords import Passwords

PASSWORD = "five loud cranes"


@pytest.fixture
def klods(host_database, tmp_path, monkeypatch, capsys):
    """Runs a command against a database of its own and gives the exit code and what it printed."""
    monkeypatch.setenv("DATABASE_URL", host_database)
    monkeypatch.setenv("KLODS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def people(host_database):
    with Database(host_database) as database:
        yield People(database)


def test_a_token_from_the_command_line_lets_a_program_in(klods, host_database):
    code, out, _ = klods("token", "create", "--name", "scanner", "--json")
    assert code == 0
    with open_hub(host_database) as hub:
        program = TestClient(hub.app, headers={"Authorization": f"Bearer {json.loads(out)['token']}"})
        assert program.get("/api/v1/me").json()["login"] == "admin"


def test_tokens_are_listed_and_revoked(klods):
    klods("token", "create", "--name", "scanner")
    assert [token["name"] for token in json.loads(klods("token", "list", "--json")[1])] == ["scanner"]
    assert klods("token", "revoke", "scanner")[0] == 0
    assert json.loads(klods("token", "list", "--json")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("token", "create"), 2),
        (("token", "revoke", "nothing"), 4),
        (("token", "create", "--name", "x", "--login", "nobody"), 4),
        (("login-link", "--login", "nobody"), 4),
        (("user", "create", "vera", "--kind", "king"), 2),
    ],
)
def test_what_cannot_be_done_ends_with_its_exit_code(klods, arguments, code):
    ended, out, err = klods(*arguments)
    assert (ended, out) == (code, "")
    assert "Traceback" not in err


def test_a_name_in_use_is_a_conflict(klods):
    klods("token", "create", "--name", "scanner")
    assert klods("token", "create", "--name", "scanner")[0] == 3


def test_a_link_from_the_command_line_lets_a_person_in(klods, host_database):
    link = klods("login-link", "--url", "http://testserver")[1].strip()
    with open_hub(host_database) as hub:
        browser = TestClient(hub.app, headers={"Sec-Fetch-Site": "same-origin"})
        assert "Administrator" in browser.post(link).text


def test_a_link_leads_to_the_hub_that_is_served(klods, host_database):
    member = Membership(host_database, role="web", address="http://127.0.0.1:8137").join()
    try:
        assert klods("login-link")[1].startswith("http://127.0.0.1:8137/auth/link/")
    finally:
        member.leave()
    assert klods("login-link")[1].startswith("http://127.0.0.1:8000/auth/link/")


def test_a_link_leads_to_the_address_of_the_settings_before_any_other(klods, monkeypatch):
    monkeypatch.setenv("KLODS_ADDRESS", "https://hub.example.com")
    assert klods("login-link")[1].startswith("https://hub.example.com/auth/link/")


def test_an_account_is_made_with_a_password_from_standard_input(klods, people, monkeypatch):
    monkeypatch.setattr("sys.stdin", iter_lines(PASSWORD))
    assert klods("user", "create", "ada", "--name", "Ada Holm", "--stdin")[0] == 0
    assert knows(people, "ada", PASSWORD)
    assert klods("user", "create", "ADA")[0] == 3


def test_a_password_is_replaced_and_a_short_one_is_not_taken(klods, people, monkeypatch):
    klods("user", "create", "ada")
    monkeypatch.setattr("sys.stdin", iter_lines("short"))
    assert klods("user", "password", "ada", "--stdin")[0] == 2
    monkeypatch.setattr("sys.stdin", iter_lines(PASSWORD))
    assert klods("user", "password", "ada", "--stdin")[0] == 0
    assert knows(people, "ada", PASSWORD)


def test_everybody_is_listed_without_their_secrets(klods):
    klods("user", "create", "ada", "--name", "Ada Holm")
    (listed,) = json.loads(klods("user", "list", "--json")[1])
    assert listed.keys() == {"login", "name", "email", "kind", "platform", "roles", "signed_in_at", "disabled_at"}


def test_the_commands_say_what_they_do():
    assert all(command.help for command in user.commands.values())


def iter_lines(text):
    return StringIO(text + "\n")


def knows(people, login, password):
    return Passwords()._verify(people.accounts.find(login).password_hash, password)
