"""Every declared attack is tried on three servers, and what it achieves is what the table in the docs says."""

from contextlib import ExitStack
from functools import cache

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from support import postgres15
from support.attacks import ATTACKS, Server
from support.battlefield import Battlefield

from klods.db.database import Database
from klods.db.migrating.migrator import migrate_host

PASSWORD = "a long secret"
LOGINS = {Server.EXTERNAL: ("klods_host", "createrole"), Server.PREFIX: ("klods_plain", "nocreaterole")}
TRIED = [(server, attack) for server in Server for attack in ATTACKS if server in attack.servers]
NAMES = [f"{server}-{attack.way}-{attack.name}" for server, attack in TRIED]


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


@pytest.mark.parametrize(("server", "attack"), TRIED, ids=NAMES)
def test_an_attack_achieves_what_the_docs_say(fields, server, attack):
    assert bool(found := fields(server).attempt(attack)) is (server in attack.not_stopped), found
