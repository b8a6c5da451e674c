"""Every declared attack is tried on three servers, and what it achieves is what the table in the docs says."""

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


@pytest.fixture(scope="session")
def external():
    """The superuser's conninfo of a server that nobody has hardened."""
    with postgres15.running() as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def field(request):
    """One server's database for all attacks."""
    server = request.param
    if server is Server.EMBEDDED:
        admin = login = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("host_template")
    else:
        admin = request.getfixturevalue("external")
        login, template = made(admin, *LOGINS[server])
    battlefield = Battlefield(server, login, template, admin)
    yield battlefield
    battlefield.end()


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


TRIED = [(server, attack) for server in Server for attack in ATTACKS if server in attack.servers]


@pytest.mark.parametrize(
    ("field", "attack"),
    TRIED,
    indirect=["field"],
    ids=[f"{server}-{attack.way}-{attack.name}" for server, attack in TRIED],
)
def test_an_attack_achieves_what_the_docs_say(field, attack):
    assert bool(found := field.attempt(attack)) is (field.server in attack.not_stopped), found
