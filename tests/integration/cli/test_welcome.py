import psycopg
import pytest

from klods.bootstrap import build
from klods.cli.serve import open_hub, welcome
from klods.settings import Settings

ADDRESS = "http://127.0.0.1:8123"


@pytest.fixture
def known_hub(host_database, tmp_path, monkeypatch):
    """A hub in which somebody has signed in before."""
    monkeypatch.setenv("DATABASE_URL", host_database)
    monkeypatch.setenv("KLODS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with build(Settings()) as klods:
        klods.people.accounts.first_admin()
        with psycopg.connect(host_database) as connection:
            connection.execute("update klods.user_account set signed_in_at = now()")
        yield klods


def test_a_hub_that_people_know_says_how_to_get_a_link(known_hub, capsys):
    welcome(known_hub, ADDRESS)
    said = capsys.readouterr().out
    assert "klods login-link" in said
    assert "/auth/link/" not in said


def test_a_demo_prints_a_link_at_every_start(known_hub, capsys):
    welcome(known_hub, ADDRESS, always_link=True)
    assert f"{ADDRESS}/auth/link/" in capsys.readouterr().out


def test_a_hub_with_several_platforms_says_a_name_that_it_answers_to(known_hub, capsys):
    known_hub.platforms.add_domain(known_hub.platforms.read().find(1), "hub.localhost", actor="test")
    known_hub.platforms.create("shop", "The shop", ["shop.localhost"], actor="test")
    open_hub(known_hub, ADDRESS)
    assert "Klods is at http://hub.localhost:8123\n" in capsys.readouterr().out
