"""`klods db` as people and programs use it."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from klods.cli.main import main
from klods.db.embedded.warden import stop_now


@pytest.fixture
def home(monkeypatch):
    """A home of its own for the command; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="klods-home-"))
    folder.chmod(0o711)
    monkeypatch.setenv("KLODS_HOME", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(folder)
    yield folder
    stop_now(folder / "postgres")
    shutil.rmtree(folder)


def status(capfd) -> dict:
    capfd.readouterr()
    assert main(["db", "status", "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_started_it_runs_until_it_is_stopped(home, capfd):
    assert main(["db", "start"]) == 0
    assert status(capfd)["kept"]
    assert main(["db", "psql", "--", "-c", "select 1"]) == 0
    assert status(capfd)["running"]
    assert main(["db", "stop"]) == 0
    assert not status(capfd)["running"]


def test_psql_gets_the_arguments_and_gives_its_exit_code(home, capfd):
    assert main(["db", "psql", "--", "-Atc", "select 'blå' || 'bær', current_user"]) == 0
    assert capfd.readouterr().out == "blåbær|klods_host\n"
    assert main(["db", "psql", "--", "-c", "select from nowhere"]) == 1
    assert main(["db", "psql", "--", "--no-such-option"]) == 1
    assert not status(capfd)["running"]


def test_a_backup_comes_back_through_the_command(home, capfd):
    main(["db", "psql", "--", "-qc", "create table t as select 7 as seven"])
    assert main(["db", "backup", "hub.dump", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["bytes"] == (home / "hub.dump").stat().st_size
    assert main(["db", "restore", "hub.dump"]) == 3
    assert "--yes" in capfd.readouterr().err
    main(["db", "psql", "--", "-qc", "drop table t"])
    assert main(["db", "restore", "hub.dump"]) == 0
    main(["db", "psql", "--", "-Atc", "select seven from t"])
    assert capfd.readouterr().out.endswith("7\n")


def test_a_broken_backup_is_wrong_input(home, capfd):
    (home / "hub.dump").write_text("no archive")
    assert main(["db", "restore", "hub.dump"]) == 2
    assert "hub.dump" in capfd.readouterr().err


def test_status_before_anything_ran_makes_nothing(home, capfd):
    assert not status(capfd)["running"]
    assert list(home.iterdir()) == []


def test_with_a_server_of_ones_own_start_and_stop_are_refused_and_the_rest_works(
    home, empty_database, monkeypatch, capfd
):
    monkeypatch.setenv("DATABASE_URL", empty_database)
    assert main(["db", "start"]) == 2
    assert main(["db", "stop"]) == 2
    assert status(capfd)["embedded"] is False
    assert main(["db", "psql", "--", "-c", "create table t ()"]) == 0
    assert main(["db", "backup", "hub.dump"]) == 0
    assert list(home.iterdir()) == [home / "hub.dump"]


def test_a_server_that_cannot_be_reached_is_unavailable(home, monkeypatch, capfd):
    monkeypatch.setenv("DATABASE_URL", f"postgresql:///hub?host={home}")
    assert main(["db", "status"]) == 5
    assert "DATABASE_URL" in capfd.readouterr().err
