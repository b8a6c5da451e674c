"""Cancelling a unit in the very moment in which it ends: nobody else is hit, and nothing escapes."""

# ruff: noqa: PT012 — what is tested here is a block that fails

import threading
from functools import partial

import psycopg
import pytest
from support.units import Card, request
from support.waiting import HANGS_AFTER_SECONDS, until

from klods.db.scope import ScopeKind, unit
from klods.db.statements import get_db
from klods.db.units import unit as unit_file
from klods.db.units.opening import Opening
from klods.db.units.transaction import Transaction
from klods.errors import EndedUnit


@pytest.fixture
def held_commit(monkeypatch):
    """Commits wait: the first event says that one began, the second one lets it go on."""
    began, go_on = threading.Event(), threading.Event()
    commit = Transaction.commit

    def wait(self):
        began.set()
        assert go_on.wait(HANGS_AFTER_SECONDS)
        commit(self)

    monkeypatch.setattr(Transaction, "commit", wait)
    return began, go_on


def test_a_connection_that_is_just_being_cancelled_serves_nobody_else(database, held_commit, monkeypatch):
    began, go_on = held_commit
    stopped = []

    def stop_late(connection):
        go_on.set()
        working.join()
        stopped.append(connection.closed)

    monkeypatch.setattr(unit_file, "_stop", stop_late)
    mine = database.unit(Opening("cards"))
    mine.run("select 1")
    working = threading.Thread(target=mine.commit)
    working.start()
    assert began.wait(HANGS_AFTER_SECONDS)
    mine.cancel()
    assert stopped == [True]


def _waiting(connection):
    return connection.execute(
        "select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()"
    ).rowcount


def test_a_job_can_be_cancelled_while_it_keeps_a_unit(database, conninfo):
    with psycopg.connect(conninfo) as somebody, request(database, kind=ScopeKind.JOB) as scope:
        somebody.execute("insert into card(name) values ('a')")
        cancelling = threading.Thread(target=lambda: (until(waits), scope.cancel()))
        waits = partial(_waiting, somebody)
        with pytest.raises(EndedUnit), unit():
            get_db().add(Card(name="a"))
            cancelling.start()
        cancelling.join()
