"""The stored states, and the transaction that changes them: whole, one at a time, and heard by every process."""

import psycopg
import pytest
from support.catalogue import difference, snapshot
from support.migrating import module_of

from klods.db.database import Database
from klods.db.migrating.migrator import execute_module_migration
from klods.db.module_log import ModuleLog
from klods.db.scope import current_scope, unit
from klods.db.statements import execute_insert, execute_query
from klods.db.stores import StateRows
from klods.errors import AlreadyRunning, KlodsError, MigrationFailed, NoScope, NoSuchEntry, SwallowedFailure
from klods.kernel.history import Acknowledgement, Turned
from klods.kernel.plan import Do, Step
from klods.kernel.ports import LogEntry
from klods.kernel.state import Activation, Active, Installation, Installed, Reason, States

ITEMS = {"001_a.sql": "create table shop_items(id serial primary key, name text not null);"}
INSERT = "insert into shop_items(name) values (%s)"


@pytest.fixture
def database(host_database):
    with Database(host_database) as it:
        yield it


@pytest.fixture
def store(database):
    return StateRows(database, lock_seconds=0.3)


@pytest.fixture
def shop(store, tmp_path):
    module = module_of(tmp_path, ITEMS)
    with store.change() as change:
        change.migrate(module)
    return module


def names(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as connection:
        return [name for (name,) in connection.execute("select name from shop_items order by id")]


def test_nothing_is_stored_at_first(store):
    assert store.read() == States()


def test_rows_come_back_as_they_were_saved_and_later_ones_win(store):
    install = Installation("shop", Installed.FAILED, "1.2", "abc", Reason.MIGRATION, "line 3", wish=True)
    active = Activation("shop", 1, Active.DISABLED, Reason.BLOCKED_BY, "desk")
    with store.change() as change:
        change.save(Installation("shop", Installed.INSTALLED))
        change.save(install)
        change.save(active)
        assert change.states().installation("shop") == install
    assert store.read() == States(1, {"shop": install}, {("shop", 1): active})


def test_a_change_raises_the_generation_by_one_and_tells_it(database, store):
    with psycopg.connect(database.conninfo, autocommit=True) as listener:
        listener.execute("listen klods")
        with store.change() as change:
            assert change.generation == 1
            assert list(listener.notifies(timeout=0.05)) == []
        assert [heard.payload for heard in listener.notifies(timeout=60, stop_after=1)] == ["1"]
    assert store.read().generation == 1


def test_an_error_undoes_rows_tables_generation_and_log(database, store, tmp_path):
    before = snapshot(database.conninfo, rows=True)
    with pytest.raises(ZeroDivisionError), store.change() as change:  # noqa: PT012
        change.save(Installation("shop", Installed.INSTALLED))
        change.migrate(module_of(tmp_path, ITEMS))
        change.log(LogEntry("me", "enable", "shop", 1, "done"))
        raise ZeroDivisionError
    assert difference(before, snapshot(database.conninfo, rows=True)) == []


def test_only_one_change_runs_at_a_time(store):
    with store.change(), pytest.raises(AlreadyRunning), store.change():
        pass


def test_a_killed_change_leaves_nothing_and_frees_the_lock(database, store, tmp_path):
    before = snapshot(database.conninfo, rows=True)
    with pytest.raises(KlodsError), store.change() as change:  # noqa: PT012
        change.migrate(module_of(tmp_path, ITEMS))
        with psycopg.connect(database.conninfo, autocommit=True) as killer:
            killer.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
                " and database = (select oid from pg_database where datname = current_database())"
            )
    assert difference(before, snapshot(database.conninfo, rows=True)) == []
    with store.change():
        pass


def test_the_log_takes_lines_and_gives_none_back(database, store):
    with store.change() as change:
        change.log(LogEntry("me", "enable", "shop", 1, "done", {"steps": ["x"]}, "", "enabled", "because"))
    with psycopg.connect(database.conninfo) as connection:
        row = connection.execute("select actor, plan, why from klods.module_log").fetchone()
        assert row == ("me", {"steps": ["x"]}, "because")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from klods.module_log")


def test_what_one_change_logged_is_one_entry_with_what_came_of_it(database, store):
    log, plan = ModuleLog(database), {"target": "desk", "steps": [{"do": "enable", "code": "desk"}]}
    with store.change() as change:
        change.log(LogEntry("me", "enable", "shop", 1, "done", plan, "", "enable", "because"))
        change.log(LogEntry("me", "enable", "desk", 1, "done", plan, "1.0", "install enable", "because"))
    store.acknowledge(Acknowledgement(1, ("web-1",), ("web-2",), 0.5))
    with store.change() as change:
        change.log(LogEntry("you", "undo", "desk", 2, "done", undoes=1))
    newest, entry = log.read()
    assert (newest.id, newest.undoes, newest.acknowledgement) == (3, 1, None)
    assert (entry.id, entry.code, entry.undone_by, entry.why) == (1, "desk", 3, "because")
    assert entry.changes == (Turned("shop", "", "enable"), Turned("desk", "1.0", "install enable"))
    assert entry.steps == (Step(Do.ENABLE, "desk"),)
    assert entry.acknowledgement == Acknowledgement(1, ("web-1",), ("web-2",), 0.5)
    assert log.find(2) == log.find(1) == entry
    assert [it.id for it in log.read(code="desk", platform_id=1)] == [it.id for it in log.read(code="shop")] == [1]
    assert ([it.id for it in log.read(after=1)], [it.id for it in log.read(most=1)]) == ([3], [3])
    with pytest.raises(NoSuchEntry):
        log.find(4)


def test_lines_from_before_entries_are_entries_of_their_own(database):
    with psycopg.connect(database.conninfo) as connection:
        for code in ("shop", "desk"):
            connection.execute(
                "insert into klods.module_log(actor, action, code, platform_id, outcome) values ('me', 'enable', %s, 1, 'done')",
                [code],
            )
    assert [(entry.id, entry.code) for entry in ModuleLog(database).read()] == [(2, "desk"), (1, "shop")]
    assert ModuleLog(database).find(1).changes == (Turned("shop"),)


def test_who_followed_is_noted_once_and_stays(database, store):
    store.acknowledge(Acknowledgement(1))
    with psycopg.connect(database.conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("update klods.module_log_acknowledgement set late = '{}'")


def test_a_hook_works_in_the_transaction_of_the_change(database, store, tmp_path):
    with pytest.raises(ZeroDivisionError), store.change() as change:  # noqa: PT012
        shop = module_of(tmp_path, ITEMS)
        change.migrate(shop)
        change.run(shop, 1, lambda: execute_insert(INSERT, ["a"]))
        change.run(shop, 1, lambda: execute_query("select * from shop_items")[0]["name"] == "a" or 1 / 0)
        raise ZeroDivisionError
    assert "relation shop_items" not in snapshot(database.conninfo)


def test_what_a_hook_did_is_kept_with_the_change(database, store, shop):
    def hook():
        execute_insert(INSERT, ["a"])
        with unit():
            execute_insert(INSERT, ["b"])
        assert current_scope().platform_id == 7

    with store.change() as change:
        change.run(shop, 7, hook)
    assert names(database.conninfo) == ["a", "b"]
    with pytest.raises(NoScope):
        current_scope()


def test_a_hook_that_fails_takes_only_its_own_work_back(database, store, shop):
    def hook():
        execute_insert(INSERT, ["a"])
        execute_insert(INSERT, [None])

    with store.change() as change:
        with pytest.raises(psycopg.errors.NotNullViolation):
            change.run(shop, 1, hook)
        change.save(Activation("shop", 1, Active.DISABLED, Reason.HOOK))
    assert names(database.conninfo) == []
    assert store.read().activation("shop", 1).reason is Reason.HOOK


def test_a_hook_that_swallows_a_failed_statement_is_told(store, shop):
    def hook():
        try:
            execute_insert(INSERT, [None])
        except psycopg.Error:
            return

    with store.change() as change, pytest.raises(SwallowedFailure):
        change.run(shop, 1, hook)


def test_a_hook_may_run_a_migration_and_both_are_kept_or_neither(database, store, shop):
    def hook():
        assert execute_module_migration("shop", "create table shop_more(id int)")
        execute_query("select * from shop_more")

    with pytest.raises(ZeroDivisionError), store.change() as change:  # noqa: PT012
        change.run(shop, 1, hook)
        raise ZeroDivisionError
    assert "relation shop_more" not in snapshot(database.conninfo)
    with store.change() as change:
        change.run(shop, 1, hook)
    assert "relation shop_more" in snapshot(database.conninfo)


def test_an_index_that_cannot_be_built_after_the_commit_leaves_the_change_in_force(database, store, tmp_path):
    files = ITEMS | {
        "002_b.sql": "insert into shop_items(name) values ('x'), ('x');",
        "003_c.sql": "-- klods:no-transaction\ncreate unique index concurrently shop_items_name on shop_items(name);",
    }
    module = module_of(tmp_path, files)
    with store.change() as change:
        assert change.migrate(module) == ("shop_001", "shop_002", "shop_003")
    assert store.read().generation == 1
    assert names(database.conninfo) == ["x", "x"]


def test_a_migration_that_fails_can_be_recorded_in_the_next_change(store, tmp_path):
    with pytest.raises(MigrationFailed), store.change() as change:
        change.migrate(module_of(tmp_path, {"001_a.sql": "create tabel x;"}))
    with store.change() as change:
        change.save(Installation("shop", Installed.FAILED, reason=Reason.MIGRATION))
    assert store.read().installation("shop").state is Installed.FAILED
