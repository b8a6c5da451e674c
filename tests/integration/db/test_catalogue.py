"""The fence round a module's migration: what stands outside its prefix is refused by name, and nothing of it stays."""

import threading

import psycopg
import pytest
from support.catalogue import difference, snapshot
from support.migrating import downgrade, module_of, upgrade

from klods.db.database import Database
from klods.db.migrating.catalogue import Territory, Watch
from klods.db.migrating.migrator import ModuleMigrator
from klods.db.own_connection import own_transaction
from klods.db.roles.isolating import Isolation, isolate
from klods.errors import MigrationFailed, OutsidePrefix
from klods.testing.databases import copied

OTHERS = """
    create table other_items(id int primary key, name text, parent int);
    create index other_items_name on other_items(name);
    create view other_view as select id from other_items;
    create materialized view other_mat as select id from other_items;
    create sequence other_seq;
    create type other_color as enum ('red');
    create type other_pair as (a int, b int);
    create domain other_word as text constraint short check (length(value) < 9);
    create function other_f() returns int language sql as 'select 1';
    create function other_t() returns trigger language plpgsql as 'begin return new; end';
    create trigger other_trigger before insert on other_items for each row execute function other_t();
    create table other_parts(id int) partition by range (id);
    create table other_child(id int, constraint to_items foreign key (id) references other_items);
    create policy other_policy on other_items using (true);
    create rule other_rule as on update to other_parts do instead nothing;
"""
OWN = """
    create table shop_items(id serial primary key, name text unique check (name <> ''), at timestamptz default now());
    create index shop_items_at on shop_items(at);
    create function shop_f() returns trigger language plpgsql as 'begin return new; end';
    create trigger touch before insert on shop_items for each row execute function shop_f();
    create type shop_color as enum ('red'); alter type shop_color add value 'green';
    create type shop_pair as (a int); create type shop_range as range (subtype = float8);
    create domain shop_word as text check (value <> '');
    create view shop_view as select id from shop_items; create materialized view shop_mat as select 1 as one;
    create table shop_parts(id int) partition by range (id);
    create table shop_parts_1 partition of shop_parts for values from (1) to (2);
    create statistics shop_stats on id, name from shop_items;
    create policy mine on shop_items using (true); alter table shop_items enable row level security;
    create aggregate shop_sum(int) (sfunc = int4pl, stype = int);
    comment on table shop_items is 'mine'; truncate shop_items;
"""
ATTACKS = {
    "create table stuff(id int)": "table stuff",
    "create table klods.shop_items(id int)": "table klods.shop_items",
    "create temp table shop_items(id int)": "table pg_temp",
    "create table shop_items(id int); create index stray on shop_items(id)": "index stray",
    "create table shop_items(id int constraint stray primary key)": "index stray",
    "create index shop_i on other_items(name)": "index shop_i on other_items",
    "create sequence stray": "sequence stray",
    "create view stray as select 1": "view stray",
    "create materialized view stray as select 1": "materialized view stray",
    "create type stray as enum ('a')": "type stray",
    "create type stray as (a int)": "type stray",
    "create domain stray as text": "type stray",
    "create cast (other_pair as text) with inout": "a cast from other_pair",
    "create function stray() returns int language sql as 'select 1'": "function stray",
    "create procedure stray() language sql as 'select 1'": "function stray",
    "create operator === (leftarg = int, rightarg = int, function = int4eq)": "operator ===",
    "create schema shop_schema": "schema shop_schema",
    "create extension if not exists hstore": "extension hstore",
    'create collation stray from "C"': "collation stray",
    "create text search configuration stray (copy = simple)": "text search configuration stray",
    "create publication shop_all": "publication shop_all",
    "create role shop_role": "a role",
    "select lo_create(4711)": "large object",
    "alter table other_items add column x int": "column x of other_items",
    "alter table other_items drop column name": "other_items",
    "alter table other_items alter column name set not null": "column name of other_items",
    "alter table other_items alter column name set default 'x'": "other_items",
    "alter table other_items rename to shop_items": "table shop_items",
    "alter table other_items rename column name to title": "column title of other_items",
    "alter table other_items add constraint c check (id > 0)": "constraint c on other_items",
    "alter table other_child drop constraint to_items": "dropped constraint to_items on other_child",
    "alter table other_items enable row level security": "table other_items",
    "alter table other_items disable trigger other_trigger": "trigger other_trigger on other_items",
    "alter table other_items set (fillfactor = 50)": "table other_items",
    "alter table other_items set schema klods": "table klods.other_items",
    "alter table other_items replica identity full": "table other_items",
    "alter table klods.installation add column x int": "column x of klods.installation",
    "alter index other_items_name rename to shop_items_name": "index shop_items_name",
    "alter sequence other_seq increment 5": "sequence other_seq",
    "alter type other_color add value 'blue'": "a label of other_color",
    "alter type other_color rename to shop_color": "type shop_color",
    "alter type other_pair add attribute c int": "other_pair",
    "alter domain other_word drop constraint short": "dropped constraint short on other_word",
    "alter function other_f() rename to shop_f": "function shop_f",
    "create or replace function other_f() returns int language sql as 'select 2'": "function other_f",
    "create or replace view other_view as select id, name from other_items": "other_view",
    "create trigger shop_t before update on other_items for each row execute function other_t()": "trigger shop_t on other_items",
    "create rule shop_r as on delete to other_items do instead nothing": "rule shop_r on other_items",
    "create policy shop_p on other_items using (false)": "policy shop_p on other_items",
    "create statistics shop_s on id, name from other_items": "statistics shop_s on other_items",
    "create table shop_child() inherits (other_items)": "a child of other_items",
    "create table shop_part partition of other_parts for values from (1) to (2)": "a child of other_parts",
    "drop table other_child": "dropped table other_child",
    "drop view other_view": "dropped view other_view",
    "drop materialized view other_mat": "dropped materialized view other_mat",
    "drop index other_items_name": "dropped index other_items_name",
    "drop sequence other_seq": "dropped sequence other_seq",
    "drop type other_color": "dropped type other_color",
    "drop function other_f()": "dropped function other_f",
    "drop trigger other_trigger on other_items": "dropped trigger other_trigger on other_items",
    "drop policy other_policy on other_items": "dropped policy other_policy on other_items",
    "drop rule other_rule on other_parts": "dropped rule other_rule on other_parts",
    "drop table klods.login_link": "dropped table klods.login_link",
    "drop table klods.shop_alembic_version": "klods.shop_alembic_version",
    "truncate other_parts, other_child": "table other_child",
    "refresh materialized view other_mat": "materialized view other_mat",
    "create table shop_items(id int); grant select on shop_items to public": "a grant to PUBLIC on shop_items",
    "create table shop_items(id int); grant select (id) on shop_items to public": "a grant to PUBLIC on a column of shop_items",
    "grant select on other_items to public": "table other_items",
    "grant update (name) on other_items to public": "column name of other_items",
    "grant execute on function other_f() to pg_monitor": "function other_f",
    "grant create on schema public to public": "schema public",
    "alter default privileges grant select on tables to public": "default privileges",
    "do $$ begin execute format('grant create on database %I to public', current_database()); end $$": "database",
    "do $$ begin execute format('alter database %I set work_mem = ''1MB''', current_database()); end $$": "a setting",
    """create table shop_items(id int); create function shop_f() returns trigger language plpgsql
       as 'begin create table stray(); return null; end';
       create constraint trigger shop_t after insert on shop_items deferrable initially deferred
       for each row execute function shop_f(); insert into shop_items values (1)""": "table stray",
    "do $$ begin begin create table stray(); exception when others then null; end; end $$": "table stray",
}  # fmt: skip

DENIALS = (
    "cannot stand in a migration",
    "permission denied",
    "must be",
    "not available",
    "must have admin",
    "shop_alembic_version",
)
"""What the server itself says, where it does not let the host's login go so far."""


@pytest.fixture(scope="module", params=["roles", "prefix"])
def attacked(postgres_server, host_template, request):
    """One database for all attacks: each leaves nothing behind, or its test fails."""
    with copied(postgres_server, host_template) as conninfo:
        with psycopg.connect(conninfo) as connection:
            connection.execute(OTHERS)
        with Database(conninfo) as it:
            if request.param == "roles":
                assert isolate(it) is Isolation.ROLES
            yield it


@pytest.fixture(params=["roles", "prefix"])
def everywhere(database, request):
    """The database, with and without roles."""
    if request.param == "roles":
        assert isolate(database) is Isolation.ROLES
    return database


@pytest.fixture
def database(host_database):
    with psycopg.connect(host_database) as connection:
        connection.execute(OTHERS)
    with Database(host_database) as it:
        yield it


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_the_modules_own_is_refused_by_name_and_undone(attacked, tmp_path, attack):
    before = snapshot(attacked.conninfo, rows=True)
    with pytest.raises((OutsidePrefix, MigrationFailed)) as caught:
        upgrade(attacked, module_of(tmp_path, {"001_a.sql": attack}))
    if isinstance(caught.value, OutsidePrefix):
        assert any(ATTACKS[attack] in item for item in caught.value.data["items"]), caught.value.data["items"]
    else:
        assert any(words in str(caught.value) for words in DENIALS), caught.value
    assert difference(before, snapshot(attacked.conninfo, rows=True)) == []


def test_everything_under_the_prefix_is_allowed_made_changed_and_dropped(everywhere, tmp_path):
    change = """
        alter table shop_items rename to shop_goods; alter table shop_goods add price numeric, drop column at;
        create or replace function shop_f() returns trigger language plpgsql as 'begin return null; end';
        drop view shop_view; drop type shop_pair; drop domain shop_word; drop table shop_parts cascade;"""
    upgrade(everywhere, module_of(tmp_path, {"001_a.sql": OWN, "002_b.sql": change}))


def test_changes_by_an_earlier_migration_are_no_strays_of_the_next(everywhere, tmp_path):
    first, change = {"001_a.sql": OWN}, {"002_b.sql": "alter table shop_items add x int; drop view shop_view;"}
    upgrade(everywhere, module_of(tmp_path, first))
    upgrade(everywhere, module_of(tmp_path, first | change))


def test_a_foreign_key_to_another_module_may_come_and_go(database, tmp_path):
    files = {
        "001_a.sql": "create table shop_items(id int primary key, other int references other_items on delete cascade);",
        "001_a.down.sql": "drop table shop_items;",
    }
    module = module_of(tmp_path, files)
    upgrade(database, module)
    downgrade(database, module, "base")


def test_dropping_an_own_table_may_not_take_other_modules_keys_along(database, tmp_path):
    first = {"001_a.sql": "create table shop_items(id int primary key);"}
    upgrade(database, module_of(tmp_path, first))
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("alter table other_items add constraint to_shop foreign key (parent) references shop_items")
    with pytest.raises(OutsidePrefix, match="dropped constraint to_shop on other_items"):
        upgrade(database, module_of(tmp_path, first | {"002_b.sql": "drop table shop_items cascade;"}))


def test_two_modules_in_one_transaction_do_not_answer_for_each_other(database, tmp_path):
    shop = module_of(tmp_path, {"001_a.sql": OWN})
    desk = module_of(tmp_path, {"001_a.sql": "create table desk_items(id int references shop_items);"}, "desk")
    with own_transaction(database, lock_seconds=2) as connection:
        migrator = ModuleMigrator(database)
        assert migrator.upgrade(connection, shop) == ("shop_001",)
        assert migrator.upgrade(connection, desk) == ("desk_001",)


def test_one_module_cannot_touch_what_another_made_in_the_same_transaction(database, tmp_path):
    shop = module_of(tmp_path, {"001_a.sql": OWN})
    desk = module_of(tmp_path, {"001_a.sql": "alter table shop_items add x int;"}, "desk")
    migrator = ModuleMigrator(database)
    with pytest.raises(ZeroDivisionError), own_transaction(database, lock_seconds=2) as connection:  # noqa: PT012
        migrator.upgrade(connection, shop)
        with pytest.raises(OutsidePrefix, match="column x of shop_items"):
            migrator.upgrade(connection, desk)
        raise ZeroDivisionError


def test_what_others_do_at_the_same_time_is_not_held_against_a_migration(database, tmp_path):
    def meddle():
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            for statement in ("create table meddled(id int)", "drop view other_view", "analyze", "vacuum other_items"):
                connection.execute(statement)
            connection.execute("alter table other_items add meddled int")

    with own_transaction(database, lock_seconds=2) as connection:
        watch = Watch(connection, database)
        connection.execute("create table shop_items(id int)")
        thread = threading.Thread(target=meddle)
        thread.start()
        thread.join()
        assert watch.strays(Territory("public", "shop_")) == ()
