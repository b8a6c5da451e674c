"""Every declared attack is tried on three servers, and what it achieves is what the table in the docs says."""

from contextlib import ExitStack
from functools import cache
from itertools import product

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from support import postgres15
from support.attacks import GROUPS, Server
from support.battlefield import Battlefield

from klods.db.database import Database
from klods.db.migrating.migrator import migrate_host

PASSWORD = "a long secret"
LOGINS = {Server.EXTERNAL: ("klods_host", "createrole"), Server.PREFIX: ("klods_plain", "nocreaterole")}
AT_ONCE = 12
"""Attacks in one test: each by itself would spend more on being a test than on the attack."""


def tried():
    """Server, heading and attacks of each test."""
    for server, (heading, attacks) in product(Server, GROUPS.items()):
        here = [attack for attack in attacks if server in attack.servers]
        for begin in range(0, len(here), AT_ONCE):
            some = here[begin : begin + AT_ONCE]
            yield pytest.param(server, some, id=f"{server}-{heading}-{begin + 1}")


@pytest.fixture(scope="module")
def fields(request, postgres_server):
    """For each server one database for all attacks; server and database are made when they are first needed."""
    with ExitStack() as stack:

        @cache
        def external():
            return stack.enter_context(postgres15.running())

        @cache
        def field_on(server):
            if server is Server.EMBEDDED:
                admin = login = postgres_server
                template = request.getfixturevalue("host_template")
            else:
                admin = external()
                login, template = made(admin, *LOGINS[server])
            field = Battlefield(server, login, template, admin)
            stack.callback(field.end)
            return field

        yield field_on


def made(admin, login, power):
    """A login with a password, and a database with the host's tables that belongs to it."""
    template = f"template_of_{login}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"create role {login} login {power} password '{PASSWORD}'".encode())
        connection.execute(f"create database {template} owner {login}".encode())
    conninfo = make_conninfo(admin, user=login, password=PASSWORD)
    with Database(make_conninfo(conninfo, dbname=template), pool_size=1) as database:
        migrate_host(database)
    return conninfo, template


@pytest.mark.parametrize(("server", "attacks"), list(tried()))
def test_attacks_achieve_what_the_docs_say(fields, server, attacks):
    field = fields(server)
    achieved = {(attack.way.value, attack.name): field.attempt(attack) for attack in attacks}
    known = {(attack.way.value, attack.name) for attack in attacks if server in attack.not_stopped}
    assert {attack: found for attack, found in achieved.items() if bool(found) is not (attack in known)} == {}


def test_no_two_attacks_are_called_the_same():
    names = [(heading, attack.way, attack.name) for heading, attacks in GROUPS.items() for attack in attacks]
    assert len(names) == len(set(names))
