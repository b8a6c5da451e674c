"""Processes that follow the states: who is alive, who is late, and what a crash leaves behind."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from functools import partial

import psycopg
import pytest
from support.waiting import HANGS_AFTER_SECONDS, sooner_than, until

from klods.db.database import Database
from klods.db.follower import Follower
from klods.db.processes import LiveProcesses, Membership


@pytest.fixture
def database(host_database):
    with Database(host_database, pool_size=3) as opened:
        yield opened


def raise_generation(conninfo: str) -> int:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        number = connection.execute("update klods.generation set number = number + 1 returning number").fetchone()[0]
        connection.execute("notify klods, 'whatever'")
        return number


@pytest.fixture
def following(host_database):
    started = []

    def start(act=lambda generation: None):
        follower = Follower(partial(Membership, host_database, role="web"), act)
        follower.start()
        assert follower.ready.wait(HANGS_AFTER_SECONDS)
        started.append(follower)
        return follower

    yield start
    for follower in started:
        follower.stop()


def test_a_hub_without_processes_has_nobody_to_wait_for(database):
    told = LiveProcesses(database).wait(10**6, seconds=HANGS_AFTER_SECONDS)
    assert (told.generation, told.followed, told.late) == (10**6, (), ())


def test_a_process_that_follows_is_not_late(database, host_database, following):
    seen = []
    following(seen.append)
    generation = raise_generation(host_database)
    told = LiveProcesses(database).wait(generation, seconds=HANGS_AFTER_SECONDS)
    assert (told.followed, told.late) == ((f"web-{os.getpid()}",), ())
    assert seen[-1] == generation


def test_a_process_that_is_busy_is_named_as_late_and_follows_in_the_end(database, host_database, following):
    go_on, first = threading.Event(), threading.Event()

    def act(generation):
        if first.is_set():
            go_on.wait(HANGS_AFTER_SECONDS)
        first.set()

    following(act)
    generation = raise_generation(host_database)
    told = LiveProcesses(database).wait(generation, seconds=0.2)
    assert (told.late, told.seconds >= 0.2) == ((f"web-{os.getpid()}",), True)
    go_on.set()
    assert LiveProcesses(database).wait(generation, seconds=HANGS_AFTER_SECONDS).late == ()


def test_a_message_that_got_lost_is_made_good_by_looking(database, host_database, following):
    following()
    with psycopg.connect(host_database, autocommit=True) as connection:
        number = connection.execute("update klods.generation set number = number + 1 returning number").fetchone()[0]
    assert LiveProcesses(database).wait(number, seconds=HANGS_AFTER_SECONDS).late == ()


def test_a_lying_payload_changes_nothing(host_database, following):
    seen = []
    following(seen.append)
    with psycopg.connect(host_database, autocommit=True) as connection:
        connection.execute("notify klods, '999999'")
    time.sleep(0.1)
    assert seen == [0]


def test_a_killed_process_is_not_waited_for_and_its_row_is_swept(database, host_database):
    script = f"""
        import time
        from klods.db.processes import Membership
        member = Membership({host_database!r}, role="web").join()
        print("joined", flush=True)
        time.sleep(60)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "joined\n"
    assert LiveProcesses(database).wait(10, seconds=0.1).late == (f"web-{child.pid}",)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    until(lambda: LiveProcesses(database).living() == ())
    assert LiveProcesses(database).wait(10, seconds=0.1).late == ()
    membership = Membership(host_database, role="web").join()
    with psycopg.connect(host_database) as connection:
        assert connection.execute("select count(*) from klods.process").fetchone() == (1,)
    membership.leave()


def test_a_follower_comes_back_after_the_database_has_cut_it_off(database, host_database, following):
    seen = []
    following(seen.append)
    with psycopg.connect(host_database, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%klods%'"
            " and datname = current_database() and pid in (select pid from pg_locks where locktype = 'advisory')"
            " and pid <> pg_backend_pid()"
        )
    generation = raise_generation(host_database)
    until(lambda: seen[-1] == generation)
    until(lambda: [number for _, number in LiveProcesses(database).living()] == [generation])


def test_a_fault_while_acting_does_not_end_the_following(host_database, following, caplog):
    calls = []

    def act(generation):
        calls.append(generation)
        if len(calls) == 2:
            raise RuntimeError("a fault")

    following(act)
    generation = raise_generation(host_database)
    until(lambda: len(calls) >= 3)
    assert calls[-1] == generation
    assert "could not follow" in caplog.text


def test_trouble_that_lasts_is_said_once_and_its_end_too(host_database, following, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr("klods.db.follower.RETRY_SECONDS", 0.01)
    calls = []

    def act(generation):
        calls.append(generation)
        if 1 < len(calls) < 5:
            raise RuntimeError("a fault")

    following(act)
    raise_generation(host_database)
    until(lambda: "following the states again" in caplog.text)
    assert len(calls) == 5
    assert caplog.text.count("could not follow") == 1


def test_stopping_is_prompt_and_takes_the_row_away(host_database, monkeypatch):
    sleep = Membership.wait
    monkeypatch.setattr(Membership, "wait", lambda self, wake: sleep(self, wake, HANGS_AFTER_SECONDS))
    follower = Follower(partial(Membership, host_database, role="web"), lambda generation: None)
    follower.start()
    assert follower.ready.wait(HANGS_AFTER_SECONDS)
    with sooner_than(HANGS_AFTER_SECONDS):
        follower.stop()
    with psycopg.connect(host_database) as connection:
        assert connection.execute("select count(*) from klods.process").fetchone() == (0,)


def test_what_is_said_without_a_new_generation_is_heard_too(host_database):
    heard = threading.Event()
    follower = Follower(partial(Membership, host_database, role="web"), lambda generation: None, heard.set)
    follower.start()
    assert follower.ready.wait(HANGS_AFTER_SECONDS)
    with psycopg.connect(host_database, autocommit=True) as connection:
        connection.execute("notify klods")
    assert heard.wait(HANGS_AFTER_SECONDS)
    follower.stop()
