"""PostgreSQL's own programs, called for a database."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from klods.db import programs, server
from klods.db.programs import call, find_program
from klods.db.server import open_server
from klods.errors import NoDatabase, WrongServerVersion


def test_a_password_is_handed_over_in_the_environment_and_not_in_the_command_line(empty_database):
    parameters = conninfo_to_dict(empty_database)
    password = parameters.get("password") or Path(parameters.pop("passfile")).read_text().strip().rpartition(":")[2]
    made = call("psql", make_conninfo("", **{**parameters, "password": password}), "-Atc", "select current_user")
    assert password not in " ".join(made.words)
    assert made.environment["PGPASSWORD"] == password
    assert made.run().stdout == f"{parameters['user']}\n"


def test_a_server_that_is_too_old_is_refused(empty_database, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "OLDEST", 99)
    with pytest.raises(WrongServerVersion, match="99 or newer is needed"), open_server(tmp_path, empty_database):
        pass


def test_programs_older_than_the_server_are_not_used(empty_database, monkeypatch):
    monkeypatch.setattr(programs, "_installed", lambda program: iter([("/old/psql", 3)]))
    with pytest.raises(NoDatabase, match="no psql of that version"):
        find_program("psql", empty_database)


def test_the_program_closest_to_the_server_is_used_and_the_systems_own_for_a_server_elsewhere(monkeypatch):
    monkeypatch.setattr(programs, "server_major", lambda conninfo: 15)
    monkeypatch.setattr(programs, "_installed", lambda program: [("/wheel/psql", 18), ("/usr/bin/psql", 15)])
    assert find_program("psql", "host=db.example dbname=hub") == "/usr/bin/psql"
    assert find_program("psql", "host=/run/pg dbname=hub") == "/usr/bin/psql"
    monkeypatch.setattr(programs, "server_major", lambda conninfo: 16)
    assert find_program("psql", "host=/run/pg dbname=hub") == "/wheel/psql"
