"""Killed at any moment: the next start works, what was written is there, and no server is left behind.

A long run (`scripts/test --long`) kills at every step and 200 times at random; KLODS_SEED repeats a run.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
from support.rounds import dice, rounds, some
from support.waiting import until

from klods.db.embedded.locks import is_free
from klods.db.embedded.server import EmbeddedServer
from klods.db.embedded.warden import WARDEN
from klods.db.server import open_server

USER = [sys.executable, str(Path(__file__).parents[2] / "support" / "server_user.py")]
STEPS = range(1, 61)


def user_of(home: Path, die_at: int = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "KLODS_DIE_AT": str(die_at)}
    return subprocess.Popen(
        [*USER, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def running(home: Path) -> bool:
    return EmbeddedServer(home / "postgres").status().running


def check_next_start(home: Path, rows: int) -> None:
    """The next start finds the rows of the earlier ones and adds one; its end leaves no server."""
    with open_server(home, None, fast=True) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO starts DEFAULT VALUES")
        assert connection.execute("SELECT count(*) FROM starts").fetchone() == (rows,)
    # Not at once: a user that was killed just now may still be counted when we leave, and then the warden stops it.
    until(lambda: not running(home))
    assert not list((home / "postgres").glob("new-*"))


def test_a_user_killed_at_any_of_its_steps_does_no_harm(home):
    for number in some(STEPS, 6, "steps"):
        place = home / str(number)
        place.mkdir()
        killed = user_of(place, die_at=number)
        killed.communicate()
        check_next_start(place, 1)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        killed = user_of(place, die_at=number)
        killed.communicate()
        check_next_start(place, 2)


def test_users_killed_at_random_moments_do_no_harm(home):
    random = dice("kills")
    for number in range(rounds(6, 200)):
        with ExitStack() as stack:
            users = [stack.enter_context(user_of(home)) for _ in range(random.choice([1, 1, 2, 3]))]
            for user in users:
                if random.random() < 0.3:
                    user.stdin.close()
            time.sleep(random.uniform(0.05, 0.9))
            for user in users:
                user.kill()
            check_next_start(home, number + 1)


def test_the_server_ends_soon_after_its_last_user_was_killed(home):
    with user_of(home) as user:
        user.stdout.readline()
        assert running(home)
        user.kill()
    until(lambda: not running(home))
    check_next_start(home, 1)


def test_the_server_stays_for_the_others_when_one_user_is_killed(home):
    with open_server(home, None, fast=True) as conninfo:
        with user_of(home) as user:
            user.stdout.readline()
            user.kill()
        time.sleep(2.5)  # longer than two looks of the warden
        psycopg.connect(conninfo).close()


def test_the_warden_ends_with_what_it_watches(home):
    with open_server(home, None, fast=True):
        pass
    until(lambda: is_free(home / "postgres" / WARDEN))
