"""The pool of connections: reached, exhausted, lost and found again."""

# ruff: noqa: PT012 — what is tested here is a block that fails

import threading

import psycopg
import pytest
from support.waiting import HANGS_AFTER_SECONDS, sooner_than

from klods.db.database import Database
from klods.db.embedded.postmaster import stop_postmaster
from klods.db.embedded.warden import data_folder
from klods.db.server import open_server
from klods.db.units.unit import Opening
from klods.errors import NoDatabase, NoFreeConnection


def ask(database):
    with database.unit(Opening("cards")) as unit:
        return unit.run("select 1 as n").fetchone()["n"]


def test_units_work_again_after_the_server_was_away(home):
    patient = {"pool_size": 3, "wait_seconds": HANGS_AFTER_SECONDS}
    with open_server(home, None, fast=True) as conninfo, Database(conninfo, **patient) as database:
        assert ask(database) == 1
        stop_postmaster(data_folder(home / "postgres"))
        for _ in range(2):
            with sooner_than(HANGS_AFTER_SECONDS), pytest.raises(NoDatabase):
                ask(database)
        with open_server(home, None, fast=True), sooner_than(HANGS_AFTER_SECONDS):
            assert [ask(database) for _ in range(6)] == [1] * 6


def test_who_gets_no_connection_in_time_is_told(conninfo):
    with Database(conninfo, pool_size=1, wait_seconds=0.1) as database:
        with database.unit(Opening("cards")) as holder:
            holder.run("select 1")
            with pytest.raises(NoFreeConnection, match="All 1 database connections"):
                ask(database)
        assert ask(database) == 1


def test_many_callers_wait_their_turn(conninfo):
    answers = []
    with Database(conninfo, pool_size=2) as database:
        threads = [threading.Thread(target=lambda: answers.append(ask(database))) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [1] * 30


def test_a_database_that_cannot_be_reached_is_said_at_once_without_the_password(tmp_path):
    unreachable = Database(f"host={tmp_path} user=x password=hunter2", wait_seconds=HANGS_AFTER_SECONDS)
    with sooner_than(HANGS_AFTER_SECONDS), pytest.raises(NoDatabase) as failure, unreachable:
        pass
    assert "hunter2" not in str(failure.value) + repr(failure.value.data)


def test_a_connection_string_that_cannot_be_read_is_not_repeated():
    with pytest.raises(NoDatabase) as failure, Database("password=hunter2 what is this"):
        pass
    assert "hunter2" not in str(failure.value) + repr(failure.value.data)


def test_a_closed_database_gives_no_units(conninfo):
    with Database(conninfo) as database:
        pass
    with pytest.raises(NoDatabase, match="closed"):
        ask(database)


def test_statements_of_the_host_commit_one_by_one(database, outside):
    with pytest.raises(psycopg.errors.UniqueViolation), database.connection() as connection:
        connection.execute("insert into card(name) values ('a')")
        connection.execute("insert into card(name) values ('first')")
    assert outside.names() == ["first", "a"]


def test_a_transaction_of_the_host_is_whole_or_not_at_all(database, outside):
    with (
        pytest.raises(psycopg.errors.UniqueViolation),
        database.connection() as connection,
        connection.transaction(),
    ):
        connection.execute("insert into card(name) values ('a')")
        connection.execute("insert into card(name) values ('first')")
    assert outside.names() == ["first"]


def test_a_connection_lost_in_the_hosts_hands_is_said_and_replaced(database, outside):
    with pytest.raises(NoDatabase), database.connection() as connection:
        outside.kill_all()
        connection.execute("select 1")
    with database.connection() as connection:
        assert connection.execute("select 1 as n").fetchone() == {"n": 1}


def test_no_connection_is_lost_to_units_that_end_badly(conninfo):
    with Database(conninfo, pool_size=2, wait_seconds=1) as database:
        for _ in range(5):
            with pytest.raises(psycopg.Error), database.unit(Opening("cards")) as unit:
                unit.run("selec")
            abandoned = database.unit(Opening("cards"))
            abandoned.run("select 1")
            abandoned.cancel()
        assert ask(database) == 1
