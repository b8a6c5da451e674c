"""A process's place among the others, where it is hard to keep or to take: many open files, a database not made yet."""

import os
import resource
import socket

import psycopg
import pytest

from klods.db.database import Database
from klods.db.processes import LiveProcesses, Membership
from klods.errors import NoDatabase

MANY = 1100


@pytest.fixture
def many_open_files():
    """More than the 1,024 that `select` can watch."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], MANY + 200), limits[1]))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(MANY)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_process_with_many_open_files_hears_what_is_said(host_database, many_open_files):
    member = Membership(host_database, role="web").join()
    wake, alarm = socket.socketpair()
    with wake, alarm, psycopg.connect(host_database, autocommit=True) as somebody:
        assert not member.wait(wake, seconds=0.01)
        somebody.execute("notify klods")
        assert member.wait(wake, seconds=60)
        alarm.send(b"!")
        assert not member.wait(wake, seconds=60)
    member.leave()


def test_leaving_is_safe_where_nothing_could_be_joined(empty_database):
    member = Membership(empty_database, role="web")
    with pytest.raises(psycopg.errors.UndefinedTable):
        member.join()
    member.leave()


def test_nobody_to_ask_about_the_others_is_said_in_our_words():
    with pytest.raises(NoDatabase):
        LiveProcesses(Database("host=/nowhere dbname=nothing")).wait(1, seconds=1)
