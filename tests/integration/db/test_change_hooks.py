"""What a hook can do to the change it runs in: wait, break its promises, lose the connection. The change goes on."""

from dataclasses import replace

import psycopg
import pytest
from support.isolated import working
from support.migrating import module_of

from klods.db.crossing import api
from klods.db.database import Database
from klods.db.roles.isolating import Isolation, isolate
from klods.db.statements import execute_insert, execute_query, execute_update
from klods.db.stores import StateRows
from klods.errors import ModuleNotEnabled
from klods.kernel.catalog import Catalog
from klods.kernel.definition import Requirement
from klods.kernel.importer import ASIDE
from klods.kernel.plan import Action
from klods.kernel.state import Activation, Active, Reason
from klods.testing.memory import MemoryHub

ITEMS = {
    "001_a.sql": "create table shop_items(id int primary key, part_of int references shop_items deferrable initially deferred);"
}
ORPHAN = "insert into shop_items values (1, 2)"


@pytest.fixture
def store(host_database):
    with Database(host_database) as database:
        yield StateRows(database, hook_seconds=0.2)


@pytest.fixture
def shop(store, tmp_path):
    module = module_of(tmp_path, ITEMS)
    with store.change() as change:
        change.migrate(module)
    return module


def rows(store: StateRows) -> list[str]:
    with store._database.connection() as connection:
        return [row["id"] for row in connection.execute("select id from shop_items")]


def disable(store: StateRows, shop, hook) -> Active:
    """Enable the shop, and disable it with this hook."""
    module = replace(shop, definition=replace(shop.definition, on_disable=hook))
    life = replace(MemoryHub(Catalog([module])).lifecycle, states=store)
    for action in (Action.ENABLE, Action.DISABLE):
        life.apply(life.plan(action, "shop", 1), actor="test")
    return store.read().activation("shop", 1)


def test_a_statement_of_a_hook_is_stopped_when_it_takes_too_long(store, shop):
    with store.change() as change, pytest.raises(psycopg.errors.QueryCanceled):
        change.run(shop, 1, lambda: execute_query("select pg_sleep(30)"))


def test_a_limit_of_a_hook_is_none_of_the_change(store, shop):
    with store.change() as change:
        change.run(shop, 1, lambda: execute_query("select 1"))
        assert change._connection.execute("show statement_timeout").fetchone() == {"statement_timeout": "0"}


def test_a_hook_is_told_of_what_would_have_failed_the_commit(store, shop):
    with store.change() as change:
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            change.run(shop, 1, lambda: execute_update(ORPHAN))
        change.run(shop, 1, lambda: execute_update("insert into shop_items values (3, 3)"))
    assert rows(store) == [3]


def test_disabling_ends_in_order_whatever_the_hook_would_do_to_the_commit(store, shop):
    row = disable(store, shop, lambda platform: execute_update(ORPHAN))
    assert (row.state, row.reason) == (Active.DISABLED, Reason.HOOK)
    assert "violates foreign key constraint" in row.detail


def test_disabling_ends_in_order_when_the_hook_loses_the_connection(store, shop):
    row = disable(store, shop, lambda platform: execute_query("select pg_terminate_backend(pg_backend_pid())"))
    assert (row.state, row.reason) == (Active.DISABLED, Reason.HOOK)
    assert "on_disable" in row.detail


def test_a_hook_calls_a_module_that_it_needs_in_that_modules_role(host_database, tmp_path):
    cards = module_of(tmp_path, {"001_a.sql": "create table cards_cards(id serial primary key);"}, "cards")
    desk = module_of(tmp_path, {}, "desk")
    desk = replace(desk, definition=replace(desk.definition, requires=(Requirement("cards"),)))

    def add_card() -> int:
        return execute_insert("insert into cards_cards default values")

    add_card.__module__ = f"klods.modules.cards{ASIDE}.api"
    called = api(add_card)
    with Database(host_database) as database:
        assert isolate(database) is Isolation.ROLES
        with StateRows(database).change() as change:
            for module in (cards, desk):
                change.prepare(module, ())
            change.migrate(cards)
            with pytest.raises(ModuleNotEnabled):
                change.run(desk, 1, called, {"cards": cards})
            change.save(Activation("cards", 1, Active.ENABLED))
            change.run(desk, 1, called, {"cards": cards})
        with working(database, "cards"):
            assert execute_query("select count(*) as n from cards_cards") == [{"n": 1}]
