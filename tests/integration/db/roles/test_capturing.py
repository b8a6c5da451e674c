"""What dry runs note: by every table of a module, in its role, and shown to nobody else."""

import psycopg
import pytest
from support.isolated import install, isolated, working
from support.migrating import module_of

from klods.db.database import Database
from klods.db.roles import capturing
from klods.db.roles.capturing import arm_installed
from klods.db.roles.isolating import Isolation, isolate
from klods.db.statements import execute_query, execute_update
from klods.errors import OutsidePrefix

__all__ = ["isolated"]

ITEMS = {"001_a.sql": "create table shop_items(id int, name text);"}
PARTS = {
    "001_a.sql": "create table shop_items(id int, name text) partition by range (id);"
    "create table shop_items_low partition of shop_items for values from (0) to (10);",
    "002_b.sql": "create table shop_items_high partition of shop_items for values from (10) to (20);",
}
DISARM = "drop trigger klods_capture on shop_items"
ASK = "select klods.captured_changes(10) as found"


def test_a_dry_scope_notes_what_it_changes_in_the_role_of_its_module(isolated, tmp_path):
    install(isolated, module_of(tmp_path, ITEMS))
    with working(isolated, "shop", dry=True) as scope:
        execute_update("insert into shop_items values (1, 'one'), (2, 'two')")
        execute_update("update shop_items set name = 'zwei' where id = 2")
    assert scope.changes.header == "shop_items=+2~1-0"
    assert scope.changes.rows[2] == {
        "table": "shop_items", "op": "update", "old": {"id": 2, "name": "two"}, "new": {"id": 2, "name": "zwei"}
    }  # fmt: skip
    with working(isolated, "shop"):
        assert execute_query("select * from shop_items") == []


def test_partitions_note_what_changes_in_them(isolated, tmp_path):
    install(isolated, module_of(tmp_path, PARTS))
    with working(isolated, "shop", dry=True) as scope:
        execute_update("insert into shop_items values (1, 'low'), (11, 'high')")
    assert scope.changes.counts == {"shop_items_low": [1, 0, 0], "shop_items_high": [1, 0, 0]}


def test_a_module_sees_nothing_of_what_another_transaction_notes(isolated, tmp_path):
    install(isolated, module_of(tmp_path, ITEMS))
    with working(isolated, "shop", dry=True):
        execute_update("insert into shop_items values (1, 'secret')")
        with working(isolated, "shop"):
            assert execute_query(ASK)[0]["found"] == {"counts": {}, "rows": [], "outgoing": []}
        assert execute_query(ASK)[0]["found"]["counts"] == {"shop_items": [1, 0, 0]}


@pytest.mark.parametrize(
    "statement", ["select * from klods.captured", "delete from klods.captured", "select * from klods.dry_run"]
)
def test_a_module_reads_no_notes_by_itself(isolated, tmp_path, statement):
    install(isolated, module_of(tmp_path, ITEMS))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), working(isolated, "shop", dry=True):
        execute_query(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "drop trigger klods_capture on shop_items",
        "alter table shop_items disable trigger klods_capture",
        "alter table shop_items disable trigger all",
        "alter trigger klods_capture on shop_items rename to other",
    ],
)
def test_a_migration_that_blinds_dry_runs_is_refused(isolated, tmp_path, statement):
    install(isolated, module_of(tmp_path / "before", ITEMS))
    with pytest.raises(OutsidePrefix, match="klods_capture"):
        install(isolated, module_of(tmp_path / "after", {**ITEMS, "002_b.sql": f"{statement};"}))


def test_a_table_that_is_renamed_or_dropped_is_no_blinding(isolated, tmp_path):
    install(isolated, module_of(tmp_path / "before", ITEMS))
    more = {"002_b.sql": "alter table shop_items rename to shop_things;", "003_c.sql": "drop table shop_things;"}
    install(isolated, module_of(tmp_path / "after", {**ITEMS, **more}))


def test_where_there_are_no_roles_tables_note_changes_as_well(host_database, tmp_path):
    with Database(host_database) as database:
        install(database, module_of(tmp_path, ITEMS))
        with working(database, "shop", dry=True) as scope:
            execute_update("insert into shop_items values (1, 'one')")
        assert scope.changes.header == "shop_items=+1~0-0"
        with working(database, "shop"):
            assert execute_query("select * from shop_items") == []


@pytest.fixture(params=["roles", "prefix"])
def hub(request, host_database):
    """The database of a hub, on a server with roles and on one without."""
    with Database(host_database, pool_size=2, wait_seconds=3) as database:
        if request.param == "roles":
            assert isolate(database) is Isolation.ROLES
        yield database


def test_tables_of_an_older_hub_get_the_trigger_when_it_opens(hub, tmp_path):
    shop = module_of(tmp_path, ITEMS)
    install(hub, shop)
    ask(hub, DISARM)
    assert arm_installed(hub, lambda: [shop.definition]) == ("shop",)
    with working(hub, "shop", dry=True) as scope:
        execute_update("insert into shop_items values (1, 'one')")
    assert scope.changes.header == "shop_items=+1~0-0"


def test_where_nothing_is_lacking_no_module_is_read(hub, tmp_path):
    install(hub, module_of(tmp_path, ITEMS))
    install(hub, module_of(tmp_path, {"001_a.sql": PARTS["001_a.sql"].replace("shop", "parts")}, "parts"))
    assert arm_installed(hub, pytest.fail) == ()


def test_tables_that_belong_to_no_module_are_left_alone(hub, tmp_path):
    shop = module_of(tmp_path, ITEMS)
    ask(hub, "create table elsewhere(id int)")
    assert arm_installed(hub, lambda: [shop.definition]) == ()
    assert ask(hub, "select count(*) from pg_trigger where tgname = 'klods_capture'") == [(0,)]


def test_a_table_that_is_in_use_keeps_no_hub_from_opening(hub, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(capturing, "LOCK_SECONDS", 0.05)
    shop = module_of(tmp_path, ITEMS)
    install(hub, shop)
    ask(hub, DISARM)
    with psycopg.connect(hub.conninfo) as busy:
        busy.execute("insert into shop_items values (1, 'x')")
        assert arm_installed(hub, lambda: [shop.definition]) == ()
    assert "shop: its tables are in use" in caplog.text
    assert arm_installed(hub, lambda: [shop.definition]) == ("shop",)


def ask(database, query):
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []
