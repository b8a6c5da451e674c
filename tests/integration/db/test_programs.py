"""PostgreSQL's own programs, called for a database."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from klods.db import programs
from klods.db.programs import call, find_program
from klods.errors import NoDatabase


def test_a_password_is_handed_over_in_the_environment_and_not_in_the_command_line(empty_database):
    parameters = conninfo_to_dict(empty_database)
    password = Path(parameters.pop("passfile", "")).read_text().strip().rpartition(":")[2]
    made = call("psql", make_conninfo("", **parameters, password=password), "-Atc", "select current_user")
    assert password not in " ".join(made.words)
    assert made.environment["PGPASSWORD"] == password
    assert made.run().stdout == "klods_host\n"


def test_programs_older_than_the_server_are_not_used(empty_database, monkeypatch):
    monkeypatch.setattr(programs, "_installed", lambda program: iter([("/old/psql", 15)]))
    with pytest.raises(NoDatabase, match="no psql of that version"):
        find_program("psql", empty_database)


def test_for_a_server_elsewhere_the_systems_own_program_comes_first(monkeypatch):
    monkeypatch.setattr(programs, "server_major", lambda conninfo: 15)
    monkeypatch.setattr(programs, "_installed", lambda program: iter([("/wheel/psql", 18), ("/usr/bin/psql", 15)]))
    assert find_program("psql", "host=db.example dbname=hub") == "/usr/bin/psql"
    assert find_program("psql", "host=/run/pg dbname=hub") == "/wheel/psql"
