"""Migrations given as text: by the same fence and history as files, and never inside a request."""

import psycopg
import pytest
from support.catalogue import difference, snapshot
from support.migrating import module_of

from klods.db.database import Database
from klods.db.migrating.migrator import ModuleMigrator, execute_module_migration
from klods.db.scope import Scope, ScopeKind, enter
from klods.errors import MigrationFailed, MigrationInRequest, NoScope, NoSuchModule, NotAllowed, OutsidePrefix

FIRST = "create table shop_items(id int);"


@pytest.fixture
def database(host_database):
    with Database(host_database) as it:
        yield it


@pytest.fixture
def shop(tmp_path):
    return module_of(tmp_path, {"001_init.sql": FIRST, "002_more.sql": "create table shop_more(id int);"})


@pytest.fixture
def command(database, shop):
    with enter(Scope(database, "shop", kind=ScopeKind.COMMAND, catalog={"shop": shop})) as scope:
        yield scope
        scope.end(keep=True)


def recorded(database) -> list:
    with psycopg.connect(database.conninfo) as connection:
        query = "select direction, revision ~ '^text_' from klods.module_migration where module = 'shop' order by id"
        return connection.execute(query).fetchall()


def test_a_text_runs_in_a_transaction_of_its_own_with_a_line_in_the_history(database, command):
    assert execute_module_migration("shop", "create table shop_a(id int); insert into shop_a values (1);") is True
    command.end(keep=False)
    assert "relation shop_a" in snapshot(database.conninfo)
    assert recorded(database) == [("text", True)]


def test_the_text_of_the_next_file_counts_as_that_file(database, command, shop):
    execute_module_migration("shop", FIRST)
    assert ModuleMigrator(database).pending(shop) == ("shop_002",)
    assert execute_module_migration("shop", FIRST) is True
    assert recorded(database) == [("up", False)]


def test_a_text_outside_the_prefix_or_with_a_mistake_leaves_nothing(database, command):
    before = snapshot(database.conninfo, rows=True)
    with pytest.raises(OutsidePrefix):
        execute_module_migration("shop", "create table elsewhere(id int)")
    with pytest.raises(MigrationFailed, match=r":2\)"):
        execute_module_migration("shop", "create table shop_a(id int);\ncommit;")
    assert difference(before, snapshot(database.conninfo, rows=True)) == []


def test_inside_a_request_it_is_refused(database, shop):
    scope = Scope(database, "shop", kind=ScopeKind.REQUEST, catalog={"shop": shop})
    with enter(scope), pytest.raises(MigrationInRequest):
        execute_module_migration("shop", FIRST)


def test_outside_a_scope_for_unknown_or_for_other_modules_it_is_refused(command, database, shop):
    with pytest.raises(NoSuchModule):
        execute_module_migration("nothing", FIRST)
    with enter(Scope(database, "desk", kind=ScopeKind.JOB, catalog={"shop": shop})), pytest.raises(NotAllowed):
        execute_module_migration("shop", FIRST)


def test_without_a_scope_there_is_no_database(shop):
    with pytest.raises(NoScope):
        execute_module_migration("shop", FIRST)
