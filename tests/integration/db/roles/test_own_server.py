"""A hub on a server of somebody's own: what it says is open there, and what an administrator can do about that."""

import json
import subprocess
import uuid

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support import postgres15
from support.isolated import install, isolated, working
from support.migrating import module_of
from support.served import Hub

from klods.db.database import Database
from klods.db.migrating.migrator import migrate_host
from klods.db.roles.hardening import is_hardened
from klods.db.roles.isolating import Isolation, isolate
from klods.db.roles.weaknesses import Weakness, weaknesses
from klods.db.statements import execute_insert, execute_query
from klods.errors import ForbiddenStatement

__all__ = ["isolated"]

PASSWORD = "a long secret"
SHOP = {"001_a.sql": "create table shop_items(id serial primary key, name text);"}
OTHER = {"001_a.sql": "create table other_items(name text); insert into other_items values ('secret');"}


@pytest.fixture(scope="module")
def server():
    with postgres15.running() as admin:
        yield admin


@pytest.fixture
def made(server):
    """Makes a login and a database; gives the conninfos of the login and of the superuser in that database."""

    def make(power: str, *, owns: bool = True) -> tuple[str, str]:
        name = f"hub_{uuid.uuid4().hex[:8]}"
        login = f"{name}_login"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"create role {login} login {power} password '{PASSWORD}'".encode())
            connection.execute(f"create database {name} owner {login if owns else 'postgres'}".encode())
            connection.execute(f"grant create on database {name} to {login}".encode())
        return make_conninfo(server, user=login, password=PASSWORD, dbname=name), make_conninfo(server, dbname=name)

    return make


@pytest.fixture
def hub(tmp_path, made):
    """A hub whose login may make no roles; `admin` is the superuser in its database."""

    def make(*, owns: bool = True) -> tuple[Hub, str]:
        login, admin = made("nocreaterole", owns=owns)
        return Hub(tmp_path, url(login)), admin

    return make


def url(conninfo: str) -> str:
    known = conninfo_to_dict(conninfo)
    password = str(known["password"]).replace(" ", "%20")
    return f"postgresql://{known['user']}:{password}@/{known['dbname']}?host={known['host']}"


def run_by_administrator(admin: str, script: str) -> None:
    command = [postgres15.PROGRAMS / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", admin, "-f", "-"]
    done = subprocess.run(command, input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def let_in(hub: Hub, admin: str) -> str:
    """Do what the script asks for: a password for the login of modules, and its name in the settings."""
    login = f"{conninfo_to_dict(admin)['dbname']}__modules"
    with psycopg.connect(admin, autocommit=True) as connection:
        statement = sql.SQL("alter role {} password {}")
        connection.execute(statement.format(sql.Identifier(login), sql.Literal(PASSWORD)))
    hub.extra["KLODS_MODULES_DATABASE_URL"] = url(make_conninfo(admin, user=login, password=PASSWORD))
    return make_conninfo(admin, user=login, password=PASSWORD)


def printed(hub: Hub) -> str:
    done = hub.run("db", "roles", "--sql")
    assert done.returncode == 0, done.stderr
    return done.stdout


def leave_the_role(database: Database) -> list[object]:
    """What a module reads that gets a call past the guard, on the connection that its unit has."""
    with working(database, "shop") as scope, scope.unit.wire() as transaction:
        transaction.settle()
        raw = transaction.connection
        raw.execute("select set_config('role', %s, true)", [database.family.writer("other")])
        return raw.execute("select name from other_items").fetchall()


def test_an_embedded_server_leaves_nothing_open(isolated, tmp_path):
    install(isolated, module_of(tmp_path, SHOP))
    install(isolated, module_of(tmp_path, OTHER, "other"))
    assert weaknesses(isolated, Isolation.ROLES) == ()
    with pytest.raises(errors.InsufficientPrivilege):
        leave_the_role(isolated)


def test_a_server_that_is_not_hardened_is_said_to_keep_modules_behind_a_guard_rail(made, tmp_path):
    login, admin = made("createrole")
    with Database(login, pool_size=2) as database:
        migrate_host(database)
        assert isolate(database) is Isolation.ROLES
        install(database, module_of(tmp_path, SHOP))
        install(database, module_of(tmp_path, OTHER, "other"))
        assert weaknesses(database, Isolation.ROLES) == (Weakness.UNHARDENED,)
        assert weaknesses(database, Isolation.SHARED_LOGIN) == (Weakness.SHARED_LOGIN, Weakness.UNHARDENED)
        assert weaknesses(database, Isolation.PREFIX) == (Weakness.PREFIX,)
        assert leave_the_role(database) == [{"name": "secret"}]
        run_by_administrator(admin, printed(Hub(tmp_path, url(login))))
        assert weaknesses(database, Isolation.ROLES) == ()
        with pytest.raises(errors.InsufficientPrivilege):
            leave_the_role(database)


@pytest.mark.parametrize("right", ["update on pg_catalog.pg_settings", "select on pg_catalog.pg_prepared_statements"])
def test_what_was_given_back_afterwards_is_noticed(made, right):
    login, admin = made("superuser")
    with Database(login, pool_size=2) as database:
        migrate_host(database)
        isolate(database)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"grant {right} to public".encode())
        assert weaknesses(database, Isolation.ROLES) == (Weakness.UNHARDENED,)


def test_a_superuser_hardens_the_database_that_is_its_own_and_no_other(made):
    (mine, _), (foreign, _) = made("superuser"), made("superuser", owns=False)
    for conninfo, hardened in ((mine, True), (foreign, False)):
        with Database(conninfo, pool_size=2) as database:
            migrate_host(database)
            assert isolate(database) is Isolation.ROLES
            assert (weaknesses(database, Isolation.ROLES) == ()) is hardened
        with psycopg.connect(conninfo) as connection:
            assert is_hardened(connection) is hardened


def test_hardening_one_database_leaves_the_others_of_the_server_as_they_are(made, server):
    login, _ = made("superuser")
    with Database(login, pool_size=2) as database:
        migrate_host(database)
        isolate(database)
    with psycopg.connect(server) as connection:
        assert not is_hardened(connection)


def test_health_the_page_of_modules_and_the_command_name_the_way_out(made, tmp_path):
    login, admin = made("createrole")
    hub = Hub(tmp_path, url(login))
    hub.klods("module", "create", "shop", "Shop")
    with hub.served():
        health = hub.get("/health")[1]
        assert health["isolation"] == "roles"
        assert len(health["warnings"]) == 1
        assert "klods db roles --sql" in health["warnings"][0]
        assert "klods db roles --sql" in hub.get("/admin/modules", Accept="text/html")[1]
        assert hub.klods("db", "roles")["warnings"] == health["warnings"]
        run_by_administrator(admin, printed(hub))
        assert hub.get("/health")[1]["warnings"] == []
        assert "klods db roles --sql" not in hub.get("/admin/modules", Accept="text/html")[1]


@pytest.mark.parametrize("owns", [True, pytest.param(False, marks=pytest.mark.long)])
def test_the_script_parts_the_modules_of_a_hub_whose_login_may_make_no_roles(hub, owns):
    hub, admin = hub(owns=owns)
    for code in ("shop", "other"):
        hub.klods("module", "create", code, code)
    assert hub.klods("db", "roles")["isolation"] == "prefix"
    script = printed(hub)
    for _ in range(2):
        run_by_administrator(admin, script)
    modules = let_in(hub, admin)
    assert hub.klods("db", "roles")["isolation"] == "roles"
    for code in ("shop", "other"):
        assert hub.klods("module", "enable", code)["late"] == []
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("insert into other_items(platform_id, name) values (1, 'secret')")
    denied(hub, modules)


def test_a_module_that_came_after_the_script_is_refused_with_the_way_out(hub):
    hub, admin = hub()
    hub.klods("module", "create", "shop", "Shop")
    run_by_administrator(admin, printed(hub))
    let_in(hub, admin)
    hub.klods("module", "create", "late", "Late")
    refused = hub.run("module", "enable", "late", "--json")
    assert json.loads(refused.stdout or refused.stderr)["error"] == "no_roles"
    assert "klods db roles --sql" in refused.stdout + refused.stderr
    run_by_administrator(admin, printed(hub))
    hub.klods("module", "enable", "late")


@pytest.mark.parametrize("owns", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_hub_that_ran_without_roles_hands_its_tables_over_once_the_script_has_run(hub, owns):
    hub, admin = hub(owns=owns)
    with psycopg.connect(admin) as connection:  # without this right a login could not build in a database of others
        connection.execute(f"grant create on schema public to {conninfo_to_dict(admin)['dbname']}_login".encode())
    for code in ("shop", "other"):
        hub.klods("module", "create", code, code)
        hub.klods("module", "enable", code, "--live")
    with hub.served():
        assert hub.get("/health")[1]["isolation"] == "prefix"
        for code in ("shop", "other"):
            assert hub.post(f"/api/v1/{code}/items", {"name": "secret"})[0] == 201
    run_by_administrator(admin, printed(hub))
    modules = let_in(hub, admin)
    with hub.served():
        health = hub.get("/health")[1]
        assert (health["isolation"], health["warnings"]) == ("roles", [])
        assert hub.post("/api/v1/shop/items", {"name": "after"})[0] == 201
        assert [item["name"] for item in hub.get("/api/v1/shop/items")[1]["items"]] == ["after", "secret"]
    with psycopg.connect(admin) as connection:
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
        name = conninfo_to_dict(admin)["dbname"]
        assert sorted(owner for (owner,) in owners) == [f"{name}__other", f"{name}__shop"]
    denied(hub, modules)


def denied(hub: Hub, modules: str) -> None:
    """Try what an attack would, as the module and as its login."""
    host = make_conninfo(hub.database_url)
    with Database(host, pool_size=2) as database:
        assert isolate(database, modules) is Isolation.ROLES
        assert weaknesses(database, Isolation.ROLES) == ()
        with working(database, "shop"):
            execute_insert("insert into shop_items(name) values ('mine')")
        for beyond in (
            "select name from other_items",
            "select password_hash from klods.user_account",
            "alter table shop_items add x int",
            "create table shop_more(id int)",
            "drop policy klods_platform on shop_items",
        ):
            with pytest.raises(errors.InsufficientPrivilege), working(database, "shop"):
                execute_query(beyond)
        with pytest.raises(ForbiddenStatement), working(database, "shop"):
            execute_query("select set_config('role', 'x', true)")
        with pytest.raises(errors.InsufficientPrivilege):
            leave_the_role(database)
