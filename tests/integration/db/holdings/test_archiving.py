"""Tables of modules that are set aside come back as they were, and what is deleted leaves nothing."""

from uuid import uuid4

import psycopg
import pytest
from support.catalogue import difference, snapshot
from support.isolated import install, isolated, working
from support.migrating import module_of

from klods.db.database import Database
from klods.db.holdings import measuring
from klods.db.holdings.tables import ModuleTables
from klods.db.statements import execute_insert, execute_query
from klods.db.stores import StateRows
from klods.errors import InUse, NoSuchArchive, NotRestored, StillReferenced
from klods.kernel.grants import Grant, Kind

__all__ = ["isolated"]

EVERYTHING = """
    create type shop_mood as enum ('good', 'bad');
    create domain shop_price as numeric check (value >= 0);
    create type shop_pair as (a int, b shop_mood);
    create sequence shop_numbers;
    create table "shop_Odd names"(id serial primary key, "Weird ""column" text);
    create table shop_items(
        id int generated always as identity primary key,
        platform_id bigint not null default klods.platform() references klods.platform,
        name text not null unique, price shop_price, mood shop_mood default 'good', pair shop_pair,
        number bigint default nextval('shop_numbers'), part_of int references shop_items
    );
    create table shop_days(day date not null, item int references shop_items) partition by range (day);
    create table shop_days_2026 partition of shop_days for values from ('2026-01-01') to ('2027-01-01');
    create table shop_days_rest partition of shop_days default;
    create index shop_items_lower on shop_items (lower(name));
    create statistics shop_stats on name, mood from shop_items;
    create function shop_loud(text) returns text language sql immutable as 'select upper($1)';
    create function shop_of(shop_pair) returns shop_mood language sql as 'select ($1).b';
    create aggregate shop_all(*) (sfunc = int8inc, stype = int8, initcond = '0');
    create aggregate shop_sum(numeric) (sfunc = numeric_add, stype = numeric);
    create view shop_names as select name, shop_loud(name) as loud from shop_items;
    create function shop_touch() returns trigger language plpgsql as 'begin return new; end';
    create trigger shop_touched before update on shop_items for each row execute function shop_touch();
"""
SOME_SHARED = """
    create table shop_items(id int primary key, platform_id bigint not null default klods.platform());
    create table shop_rates(id int primary key, rate numeric);
    create table shop_days(day date not null) partition by range (day);
    create view shop_names as select id from shop_items;
"""
OWNERS = {"001_a.sql": "create table people_people(id int generated always as identity primary key, name text);"}
BILLS = {
    "001_a.sql": "create table bills_bills(id int generated always as identity primary key, person int"
    " constraint bills_person references people_people on delete cascade);"
}


@pytest.fixture(params=["roles", "prefix"])
def database(request, host_database):
    if request.param == "roles":
        yield request.getfixturevalue("isolated")
        return
    with Database(host_database, pool_size=2) as database:
        yield database


@pytest.fixture
def shop(database, tmp_path):
    module = module_of(tmp_path, {"001_a.sql": EVERYTHING})
    install(database, module)
    with database.connection() as connection:
        connection.execute("insert into shop_items(platform_id, name, price) values (1, 'chair', 10), (1, 'table', 20)")
        connection.execute("insert into shop_days values ('2026-05-05', 1), ('1999-01-01', 2)")
    return module


@pytest.fixture
def pair(database, tmp_path):
    """Bills that point at people, who may let them."""
    modules = module_of(tmp_path, OWNERS, "people"), module_of(tmp_path, BILLS, "bills")
    grant = Grant(Kind.REFERENCE, "people_people", ("id",), "people", "bills")
    install(database, modules[0])
    install(database, modules[1], [grant])
    with database.connection() as connection:
        connection.execute("insert into people_people(name) values ('Ada')")
        connection.execute("insert into bills_bills(person) values (1)")
    return modules


def set_aside(database, module) -> int:
    with StateRows(database).change() as change:
        return change.set_aside(module.definition.holder)


def bring_back(database, code, number) -> tuple[str, ...]:
    with StateRows(database).change() as change:
        return change.bring_back(code, number)


def run(database, statement):
    with database.connection() as connection:
        connection.execute(statement)


def test_what_is_set_aside_and_brought_back_is_what_it_was(database, shop):
    before = snapshot(database.conninfo)
    number = set_aside(database, shop)
    assert bring_back(database, "shop", number) == ()
    assert difference(before, snapshot(database.conninfo)) == []
    with database.connection() as connection:
        rows = connection.execute("select name, number from shop_items order by id").fetchall()
        assert [(row["name"], row["number"]) for row in rows] == [("chair", 1), ("table", 2)]
        assert connection.execute("select nextval('shop_numbers') as next").fetchone()["next"] == 3
    assert ModuleTables(database).archives() == ()


def test_nothing_of_a_module_is_left_in_the_way_when_its_tables_are_set_aside(database, shop):
    set_aside(database, shop)
    left = [name for name in snapshot(database.conninfo) if "shop" in name and "klods_archive_" not in name]
    assert [name for name in left if not name.startswith("role ")] == []


def test_an_archive_says_what_is_in_it(database, shop):
    with StateRows(database).change() as change:
        number = change.set_aside(shop.definition.holder)
    (archive,) = ModuleTables(database).archives("shop")
    assert (archive.id, archive.holder, archive.revision) == (number, shop.definition.holder, "shop_001")
    assert {table.name: table.rows for table in archive.tables} == {
        "shop_Odd names": 0,
        "shop_days": 2,
        "shop_items": 2,
    }
    assert ModuleTables(database).archives("other") == ()


def test_what_a_module_holds_is_counted(database, shop):
    held = ModuleTables(database).held(shop.definition.holder)
    assert [(table.name, table.rows) for table in held] == [("shop_Odd names", 0), ("shop_days", 2), ("shop_items", 2)]
    assert all(table.size > 0 for table in held)


def test_a_table_too_long_to_be_counted_is_estimated_to_two_digits(database, shop, monkeypatch):
    monkeypatch.setattr(measuring, "COUNTED", 100)
    run(database, "insert into shop_items(platform_id, name) select 1, 'x' || n from generate_series(1, 1234) n")
    run(database, "analyze shop_items")
    held = {table.name: table for table in ModuleTables(database).held(shop.definition.holder)}
    assert (held["shop_items"].rows, held["shop_items"].estimated) == (1200, True)
    assert (held["shop_days"].rows, held["shop_days"].estimated) == (2, False)


def test_a_module_without_anything_in_the_database_holds_nothing(database, tmp_path):
    assert ModuleTables(database).held(module_of(tmp_path, {}, "empty").definition.holder) is None


def test_a_deleted_archive_leaves_nothing_behind(database, host_database, tmp_path):
    before = snapshot(host_database)
    module = module_of(tmp_path, {"001_a.sql": EVERYTHING})
    install(database, module)
    number = set_aside(database, module)
    with StateRows(database).change() as change:
        change.discard("shop", number)
    assert difference(before, snapshot(host_database)) == []


def test_the_same_module_can_start_afresh_beside_its_archive(database, shop):
    number = set_aside(database, shop)
    install(database, shop)
    with database.connection() as connection:
        assert connection.execute("select count(*) as n from shop_items").fetchone()["n"] == 0
    second = set_aside(database, shop)
    assert [archive.id for archive in ModuleTables(database).archives("shop")] == [second, number]
    bring_back(database, "shop", number)
    with database.connection() as connection:
        assert connection.execute("select count(*) as n from shop_items").fetchone()["n"] == 2


def test_the_history_of_migrations_goes_on_where_it_stopped(database, shop, tmp_path):
    bring_back(database, "shop", set_aside(database, shop))
    more = module_of(tmp_path, {"001_a.sql": EVERYTHING, "002_b.sql": "alter table shop_items add column more text;"})
    assert StateRows(database)._migrator.status(more).drift == ()
    install(database, more)
    with database.connection() as connection:
        connection.execute("select more from shop_items")


def test_who_points_at_the_tables_of_a_module_is_named(database, pair):
    people, bills = (module.definition.holder for module in pair)
    tables = ModuleTables(database)
    assert tables.referrers([people]) == ("constraint bills_person on table bills_bills",)
    assert tables.referrers([people, bills]) == tables.referrers([bills]) == ()


def test_a_view_of_somebody_else_is_named_as_well(database, shop):
    run(database, "create schema reports; create view reports.chairs as select name from public.shop_items")
    assert ModuleTables(database).referrers([shop.definition.holder]) == ("view reports.chairs",)
    run(database, "drop schema reports cascade")


def test_an_archive_does_not_hold_on_to_what_others_delete(database, pair):
    number = set_aside(database, pair[1])
    run(database, "delete from people_people")
    (note,) = bring_back(database, "bills", number)
    assert note.startswith("bills_person of bills_bills is on for new rows only")
    with database.connection() as connection:
        assert connection.execute("select person from bills_bills").fetchone()["person"] == 1
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("insert into bills_bills(person) values (77)")


def test_tables_whose_counterpart_is_gone_are_not_brought_back(database, pair):
    people, bills = pair
    number = set_aside(database, bills)
    set_aside(database, people)
    before = snapshot(database.conninfo)
    with pytest.raises(NotRestored, match="bills_person of bills_bills points at what is not there"):
        bring_back(database, "bills", number)
    assert difference(before, snapshot(database.conninfo)) == []


def test_two_modules_that_hang_together_go_and_come_together(database, pair):
    before = snapshot(database.conninfo)
    people, bills = pair
    with StateRows(database).change() as change:
        numbers = [change.set_aside(module.definition.holder) for module in (bills, people)]
    assert bring_back(database, "people", numbers[1]) == ()
    assert bring_back(database, "bills", numbers[0]) == ()
    left = difference(before, snapshot(database.conninfo))
    assert not [line for line in left if "acl" not in line and "bills__" not in line and "bills" not in line], left


def test_a_table_that_somebody_works_on_is_not_pulled_away(database, shop):
    with psycopg.connect(database.conninfo) as other:
        other.execute("select * from shop_items")
        before = snapshot(database.conninfo)
        with pytest.raises(InUse), StateRows(database, lock_seconds=0.2).change() as change:
            change.set_aside(shop.definition.holder)
    assert difference(before, snapshot(database.conninfo)) == []


@pytest.mark.parametrize("act", ["bring_back", "discard"])
def test_an_archive_of_another_module_or_none_is_refused(database, shop, act):
    number = set_aside(database, shop)
    for code, wanted in (("other", number), ("shop", number + 1)):
        with pytest.raises(NoSuchArchive), StateRows(database).change() as change:
            getattr(change, act)(code, wanted)


def test_the_order_in_which_tables_go_does_not_matter_to_how_they_come(database, pair):
    people, bills = pair
    with StateRows(database).change() as change:
        numbers = {module.code: change.set_aside(module.definition.holder) for module in (people, bills)}
    assert bring_back(database, "people", numbers["people"]) == ()
    assert bring_back(database, "bills", numbers["bills"]) == ()


def test_an_archive_is_not_deleted_while_something_outside_depends_on_it(database, shop):
    number = set_aside(database, shop)
    run(database, f"create table public.others(mood klods_archive_{number}.shop_mood)")
    run(
        database,
        f"create table public.later partition of klods_archive_{number}.shop_days"
        " for values from ('2031-01-01') to ('2032-01-01')",
    )
    with pytest.raises(StillReferenced) as refusal, StateRows(database).change() as change:
        change.discard("shop", number)
    assert refusal.value.data["items"] == ("column mood of table others", "table later")
    assert [archive.id for archive in ModuleTables(database).archives("shop")] == [number]


def test_rights_that_an_administrator_gave_come_back_too(database, shop):
    role = f"reporting_{uuid4().hex[:8]}"
    run(database, f"create role {role}")
    try:
        run(database, f"grant select on shop_items to {role}")
        before = snapshot(database.conninfo)
        bring_back(database, "shop", set_aside(database, shop))
        assert difference(before, snapshot(database.conninfo)) == []
    finally:
        run(database, f"revoke select on shop_items from {role}")
        run(database, f"drop role {role}")


def test_policies_for_the_roles_of_the_module_come_back_as_they_were(isolated, tmp_path):
    writer = isolated.family.writer("shop")
    table = f"""
        create table shop_items(id int, secret bool);
        alter table shop_items enable row level security;
        create policy shop_all on shop_items using (true);
        create policy shop_hide on shop_items as restrictive to "{writer}" using (not secret);
        insert into shop_items values (1, false), (2, true);"""
    module = module_of(tmp_path, {"001_a.sql": table})
    install(isolated, module)
    bring_back(isolated, "shop", set_aside(isolated, module))
    with working(isolated, "shop"):
        assert execute_query("select id from shop_items") == [{"id": 1}]


def test_modules_cannot_look_into_archives(isolated, tmp_path):
    for code in ("shop", "spy"):
        install(isolated, module_of(tmp_path, {"001_a.sql": f"create table {code}_items(id int);"}, code))
    number = set_aside(isolated, module_of(tmp_path, {"001_a.sql": ""}))
    for statement in (f"select * from klods_archive_{number}.shop_items", "select * from klods.archive"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), working(isolated, "spy"):
            execute_query(statement)


def test_the_module_works_on_its_tables_again(isolated, tmp_path):
    module = module_of(
        tmp_path, {"001_a.sql": "create table shop_items(id int generated always as identity, name text);"}
    )
    install(isolated, module)
    bring_back(isolated, "shop", set_aside(isolated, module))
    with working(isolated, "shop"):
        execute_insert("insert into shop_items(name) values ('chair') returning id")
        assert execute_query("select name from shop_items") == [{"name": "chair"}]


def test_tables_that_know_no_platforms_are_named(database, tmp_path):
    shop = module_of(tmp_path, {"001_a.sql": SOME_SHARED})
    install(database, shop)
    assert ModuleTables(database).shared(shop.definition.holder) == ("shop_days", "shop_rates")
