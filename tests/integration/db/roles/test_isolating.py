"""How modules come to their roles: at the first start, again, in a copy, in an older hub."""

import threading

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from support.isolated import install, isolated, working
from support.migrating import module_of

from klods.db.database import Database
from klods.db.migrating.migrator import migrate_host
from klods.db.own_connection import own_transaction
from klods.db.roles.adopting import adopt, needs_adoption
from klods.db.roles.granting import settle_grants
from klods.db.roles.isolating import Isolation, isolate
from klods.db.statements import execute_insert, execute_query, execute_update
from klods.errors import GrantFailed, NoDatabase
from klods.kernel.grants import Grant, Kind
from klods.testing.databases import copied

__all__ = ["isolated"]

TABLE = {
    "001_a.sql": """
    create table shop_items(id serial primary key, name text);
    create type shop_color as enum ('red');
    create function shop_f() returns shop_color language sql as $$ select 'red'::shop_color $$;
    create view shop_names as select name from shop_items;
"""
}
ORDERS = {"001_a.sql": "create table orders_lines(id serial primary key, item int references shop_items(id));"}
READ = Grant(Kind.READ, "shop_items", ("id",), "shop", "orders")
POINT = Grant(Kind.REFERENCE, "shop_items", ("id",), "shop", "orders")


def ask(conninfo, query, *params):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(query, params or None)
        return cursor.fetchall() if cursor.description else []


def test_the_login_of_modules_can_do_nothing_by_itself(isolated, tmp_path):
    install(isolated, module_of(tmp_path, TABLE))
    login = isolated._modules.conninfo
    for query in ("select * from shop_items", "select * from klods.user_account", "create table public.x()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(login, query)
    for role in (isolated.family.owner("shop"), "klods_host"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(login, f'set role "{role}"')


def test_nobody_needs_the_password_of_the_modules_login_twice(empty_database):
    for _ in range(2):
        with Database(empty_database) as database:
            migrate_host(database)
            assert isolate(database) is Isolation.ROLES


def test_a_login_with_another_password_gets_the_right_one_again(isolated):
    ask(isolated.conninfo, f"alter role {isolated.family.login} password 'lost'")
    with Database(isolated.conninfo) as database:
        assert isolate(database) is Isolation.ROLES


def test_a_login_that_was_named_and_is_refused_is_said_instead_of_keeping_modules_less_apart(isolated):
    wrong = make_conninfo(isolated._modules.conninfo, password="wrong")
    with Database(isolated.conninfo) as database, pytest.raises(NoDatabase):
        isolate(database, wrong)


def test_processes_that_start_at_once_all_get_in(empty_database):
    with Database(empty_database) as database:
        migrate_host(database)
    found, threads = [], []

    def start():
        with Database(empty_database, pool_size=2) as database:
            found.append(isolate(database))

    for _ in range(4):
        threads.append(threading.Thread(target=start))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert found == [Isolation.ROLES] * 4


def test_a_copy_of_a_hub_shares_its_roles(isolated, postgres_server, tmp_path):
    install(isolated, module_of(tmp_path, TABLE))
    family = isolated.family
    isolated.__exit__(None, None, None)
    with copied(postgres_server, conninfo_to_dict(isolated.conninfo)["dbname"]) as conninfo, Database(conninfo) as copy:
        assert isolate(copy) is Isolation.ROLES
        assert copy.family == family
        with working(copy, "shop"):
            assert execute_insert("insert into shop_items(name) values ('chair')") == 1


def test_an_older_hub_hands_over_what_its_modules_built(host_database, tmp_path):
    shop = module_of(tmp_path, TABLE)
    with Database(host_database) as database:
        install(database, shop)
        assert isolate(database) is Isolation.ROLES
        assert needs_adoption(database, ["shop"])
        assert adopt(database, [shop.definition]) == ("shop",)
        assert not needs_adoption(database, ["shop"])
        with working(database, "shop"):
            execute_insert("insert into shop_items(name) values ('chair')")
            assert execute_query("select name, shop_f()::text as color from shop_names") == [
                {"name": "chair", "color": "red"}
            ]
        install(database, module_of(tmp_path, TABLE | {"002_b.sql": "alter table shop_items add price int;"}))


def test_an_older_hub_learns_which_module_works_in_which_role(isolated, tmp_path):
    shop = module_of(tmp_path, TABLE)
    install(isolated, shop)
    assert not needs_adoption(isolated, ["shop"])
    ask(isolated.conninfo, "delete from klods.module_role")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), working(isolated, "shop"):
        execute_query("select * from klods.stored_files('shop', '')")
    assert needs_adoption(isolated, ["shop"])
    assert adopt(isolated, [shop.definition]) == ()
    assert not needs_adoption(isolated, ["shop"])
    with working(isolated, "shop"):
        assert execute_query("select * from klods.stored_files('shop', '')") == []


def test_a_server_that_allows_no_roles_is_said_and_modules_go_on(host_database, tmp_path):
    poor = poor_login(host_database)
    with Database(poor) as database:
        assert isolate(database) is Isolation.PREFIX
        assert database.family is None
        assert not needs_adoption(database, ["shop"])


def poor_login(conninfo):
    """A login that may do everything in this database, and make no roles."""
    name = f"{conninfo_to_dict(conninfo)['dbname']}__poor"
    ask(conninfo, f"create role {name} login password 'poor'")
    ask(conninfo, f"grant {name} to current_user")
    for statement in ("grant all on schema klods to", "grant all on all tables in schema klods to"):
        ask(conninfo, f"{statement} {name}")
    parameters = {key: value for key, value in conninfo_to_dict(conninfo).items() if key != "passfile"}
    return make_conninfo("", **parameters | {"user": name, "password": "poor"})


def test_rights_on_tables_of_others_are_given_used_and_taken_back(isolated, tmp_path):
    install(isolated, module_of(tmp_path, TABLE))
    install(isolated, module_of(tmp_path, ORDERS, "orders"), [READ, POINT])
    with working(isolated, "shop"):
        execute_insert("insert into shop_items(name) values ('chair')")
    with working(isolated, "orders"):
        assert execute_query("select id from shop_items") == [{"id": 1}]
        assert execute_update("insert into orders_lines(item) values (1)") == 1
    for beyond in ("select name from shop_items", "update shop_items set id = 2", "delete from shop_items"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), working(isolated, "orders"):
            execute_update(beyond)
    with own_transaction(isolated, lock_seconds=2) as connection:
        settle_grants(connection, isolated.family, "orders", [])
    with pytest.raises(psycopg.errors.InsufficientPrivilege), working(isolated, "orders"):
        execute_query("select id from shop_items")
    with working(isolated, "orders"):
        assert execute_update("insert into orders_lines(item) values (1)") == 1  # the key stays


def test_a_grant_on_what_is_not_there_names_who_promised_it(isolated, tmp_path):
    install(isolated, module_of(tmp_path, TABLE))
    promised = Grant(Kind.READ, "shop_items", ("color",), "shop", "orders")
    with pytest.raises(GrantFailed, match="shop exports what is not there: read shop_items \\(color\\)"):
        install(isolated, module_of(tmp_path, ORDERS, "orders"), [promised])


def test_connections_are_bounded_however_many_modules_work(isolated, tmp_path):
    for number in range(6):
        install(isolated, module_of(tmp_path, {"001_a.sql": f"create table m{number}_items(id int);"}, f"m{number}"))

    def work(number):
        for _ in range(20):
            with working(isolated, f"m{number % 6}"):
                execute_query(f"select * from m{number % 6}_items")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = "select count(*) from pg_stat_activity where usename = %s"
    assert ask(isolated.conninfo, count, isolated.family.login) <= [(2,)]
