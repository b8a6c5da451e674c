"""The fixtures that every test with a database stands on."""

import psycopg
from psycopg.conninfo import conninfo_to_dict


def test_an_empty_database_belongs_to_the_hosts_login(empty_database):
    with psycopg.connect(empty_database) as connection:
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba), current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    login = conninfo_to_dict(empty_database)["user"]
    assert row == (login, login, False)


def test_each_test_has_a_database_of_its_own(empty_database, request):
    assert empty_database.count("dbname=test_") == 1
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        connection.execute("CREATE TABLE left_behind (id int)")
