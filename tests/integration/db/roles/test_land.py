"""What a module's role may do with the module's own tables, and what every table is given by the migrator."""

import psycopg
import pytest
from psycopg import errors
from support.isolated import install, isolated, working
from support.migrating import module_of, upgrade

from klods.db.statements import execute_insert, execute_query, execute_update, get_db
from klods.errors import MigrationFailed, OutsidePrefix

__all__ = ["isolated"]

ITEMS = """
    create table shop_items(
        id int generated always as identity primary key,
        platform_id bigint not null default klods.platform() references klods.platform,
        name text
    );
    create table shop_colors(id serial primary key, name text);
    create view shop_names as select name from shop_items;
    create function shop_count() returns bigint language sql stable as 'select count(*) from shop_items';
"""


@pytest.fixture
def shop(isolated, tmp_path):
    with isolated.connection() as connection:
        connection.execute("insert into klods.platform(id, code, name) values (2, 'second', 'Second')")
    install(isolated, module_of(tmp_path, {"001_a.sql": ITEMS}))
    return isolated


def add(database, name, platform_id=1):
    with working(database, "shop", platform_id):
        return execute_insert("insert into shop_items(name) values (%s)", [name])


def names(database, platform_id=1):
    with working(database, "shop", platform_id):
        return [row["name"] for row in execute_query("select name from shop_items order by id")]


def test_units_work_in_the_role_of_their_module(shop):
    with working(shop, "shop"):
        row = execute_query("select current_user as role, session_user as login")[0]
    assert row == {"role": shop.family.writer("shop"), "login": shop.family.login}


def test_a_read_only_unit_works_in_the_role_that_reads(shop):
    with working(shop, "shop", read_only=True):
        assert execute_query("select current_user as role") == [{"role": shop.family.reader("shop")}]
        assert execute_query("select name from shop_names") == []
    with pytest.raises(errors.Error), working(shop, "shop", read_only=True):
        execute_insert("insert into shop_colors(name) values ('red')")


def test_rows_are_written_read_changed_and_deleted(shop):
    with working(shop, "shop"):
        item = execute_insert("insert into shop_items(name) values ('chair')")
        assert execute_insert("insert into shop_colors(name) values ('red')") == 1
        assert execute_update("update shop_items set name = 'table' where id = %s", [item]) == 1
        assert execute_query("select name from shop_names") == [{"name": "table"}]
        assert execute_query("select shop_count() as n") == [{"n": 1}]
        assert execute_update("delete from shop_items") == 1


def test_a_session_works_in_the_same_role(shop):
    with working(shop, "shop"):
        assert get_db().connection().exec_driver_sql("select current_user").scalar() == shop.family.writer("shop")


def test_each_platform_sees_its_own_rows_in_tables_views_and_functions(shop):
    add(shop, "ours")
    add(shop, "theirs", platform_id=2)
    assert (names(shop), names(shop, 2)) == (["ours"], ["theirs"])
    with working(shop, "shop", 2):
        assert execute_query("select name from shop_names") == [{"name": "theirs"}]
        assert execute_query("select shop_count() as n") == [{"n": 1}]
        assert execute_update("update shop_items set name = 'mine'") == 1
    assert names(shop) == ["ours"]


def test_a_row_for_another_platform_is_refused(shop):
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"), working(shop, "shop"):
        execute_insert("insert into shop_items(name, platform_id) values ('forged', 2)")


def test_a_permissive_policy_of_the_module_opens_no_platform_to_another(isolated, tmp_path):
    files = {"001_a.sql": ITEMS, "002_b.sql": "create policy shop_all on shop_items using (true) with check (true);"}
    with isolated.connection() as connection:
        connection.execute("insert into klods.platform(id, code, name) values (2, 'second', 'Second')")
    install(isolated, module_of(tmp_path, files))
    add(isolated, "ours")
    assert names(isolated, 2) == []


def test_a_policy_of_the_module_narrows_what_it_sees(isolated, tmp_path):
    table = "create table shop_items(id int, platform_id bigint default klods.platform(), hidden bool);"
    policy = "create policy shop_seen on shop_items using (not hidden) with check (true);"
    install(
        isolated,
        module_of(tmp_path, {"001_a.sql": table + policy + "alter table shop_items enable row level security;"}),
    )
    with working(isolated, "shop"):
        execute_update("insert into shop_items(id, hidden) values (1, true), (2, false)")
        assert execute_query("select id from shop_items") == [{"id": 2}]


def test_a_later_migration_dresses_what_it_adds(shop, tmp_path):
    files = {
        "001_a.sql": ITEMS,
        "002_b.sql": "alter table shop_colors add platform_id bigint default klods.platform();",
    }
    upgrade(shop, module_of(tmp_path, files))
    with working(shop, "shop"):
        execute_insert("insert into shop_colors(name) values ('red')")
    with working(shop, "shop", 2):
        assert execute_query("select * from shop_colors") == []


OWN_LIMITS = [
    "truncate shop_items",
    "drop table shop_items",
    "alter table shop_items add x int",
    "alter table shop_items disable row level security",
    "alter table shop_items disable trigger all",
    "drop policy klods_platform on shop_items",
    "create index shop_i on shop_items(name)",
    "create table shop_more(id int)",
    "create view shop_all as select * from shop_items",
    "create function shop_f() returns int language sql as 'select 1'",
    "create schema shop",
    "comment on table shop_items is 'x'",
    "select setval('shop_items_id_seq', 9)",
]


@pytest.mark.parametrize("statement", OWN_LIMITS)
def test_at_run_time_a_module_has_rows_and_nothing_else(shop, statement):
    with pytest.raises(errors.InsufficientPrivilege), working(shop, "shop"):
        execute_update(statement)


TRICKS = {
    "create function shop_f() returns int security definer language sql as 'select 1'": "SECURITY DEFINER",
    "create function shop_f() returns int language plpgsql as 'begin reset role; return 1; end'": "RESET ROLE",
    "create function shop_f() returns int language plpgsql as $$ begin execute 'set local role x'; return 1; end $$": "SET ROLE",
    "create function shop_f() returns int language plpgsql as $$begin perform set_config('role','x',true); return 1; end$$": (
        "set_config"
    ),
    "create function shop_f() returns int language sql set klods.platform = 2 as 'select 1'": "klods.platform",
    "create function shop_f() returns int language sql begin atomic select set_config('a.b', '', true)::int; end": "set_config",
    "drop policy klods_platform on shop_items": "policy klods_platform",
    "alter table shop_items disable row level security": "row security of shop_items",
    "create materialized view shop_kept as select * from shop_items": "materialized view shop_kept",
    "create rule shop_r as on delete to shop_items do also delete from shop_colors": "rule shop_r",
    "grant select on shop_items to public": "PUBLIC",
    "grant select (name) on shop_items to pg_monitor": "pg_monitor",
    "reset role; create table shop_more(id int)": "RESET ROLE",
    "set role none; create table shop_more(id int); ": "SET ROLE",
    "reset role; update klods.generation set number = 0; set local role shop": "RESET ROLE",
    "do $$ begin set local role none; update klods.generation set number = 0; end $$": "SET ROLE",
    "select set_config('role', 'none', true)": "set_config",
    "do $$ begin execute 'res' || 'et role'; create table shop_more(id int); end $$": "within security-definer function",
}


@pytest.mark.parametrize("statement", TRICKS)
def test_a_migration_that_would_open_a_way_out_is_refused_and_undone(shop, tmp_path, statement):
    with pytest.raises((OutsidePrefix, MigrationFailed)) as caught:
        upgrade(shop, module_of(tmp_path, {"001_a.sql": ITEMS, "002_b.sql": statement}))
    assert TRICKS[statement] in str(caught.value)
    with psycopg.connect(shop.conninfo) as connection:
        assert connection.execute("select to_regclass('shop_more'), to_regproc('shop_f')").fetchone() == (None, None)


def test_what_the_owner_may_do_while_it_builds_ends_with_the_migration(shop):
    owner = shop.family.owner("shop")
    with shop.connection() as connection:
        row = connection.execute(
            "select has_schema_privilege(%(o)s, 'public', 'create') as builds,"
            " has_column_privilege(%(o)s, 'klods.platform', 'id', 'references') as points",
            {"o": owner},
        ).fetchone()
    assert row == {"builds": False, "points": False}
