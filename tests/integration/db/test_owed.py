"""Indexes that are built beside running work: after the commit, again after a failure, and never outside the prefix."""

import threading

import psycopg
import pytest
from support.migrating import module_of, upgrade

from klods.db.database import Database
from klods.db.migrating.migrator import ModuleMigrator
from klods.db.own_connection import own_transaction
from klods.errors import MigrationFailed

TABLE = {"001_a.sql": "create table shop_items(id int, name text);"}
INDEX = "-- klods:no-transaction\ncreate unique index concurrently shop_items_name on shop_items(name);"


@pytest.fixture
def database(host_database):
    with Database(host_database) as it:
        yield it


def run(database, module):
    """Upgrade without finishing."""
    with own_transaction(database, lock_seconds=2) as connection:
        ModuleMigrator(database).upgrade(connection, module)


def valid(database) -> list:
    with psycopg.connect(database.conninfo) as connection:
        query = "select indexrelid::regclass::text, indisvalid from pg_index where indrelid = 'shop_items'::regclass"
        return connection.execute(query).fetchall()


def test_an_index_is_owed_until_it_is_built_after_the_commit(database, tmp_path):
    module = module_of(tmp_path, TABLE | {"002_b.sql": INDEX, "003_c.sql": "alter table shop_items add more int;"})
    migrator = ModuleMigrator(database)
    run(database, module)
    assert (migrator.status(module).current, migrator.pending(module), valid(database)) == (
        "shop_003",
        ("shop_002",),
        [],
    )
    assert "create unique index concurrently" in migrator.plan_sql(module)
    assert migrator.finish([module]) == ()
    assert (migrator.pending(module), valid(database)) == ((), [("shop_items_name", True)])


def test_a_failed_build_stays_owed_names_the_broken_index_and_is_done_anew(database, tmp_path):
    files = TABLE | {"002_b.sql": INDEX, "003_c.sql": "insert into shop_items values (1, 'x'), (2, 'x');"}
    module, migrator = module_of(tmp_path, files), ModuleMigrator(database)
    run(database, module)
    (failure,) = migrator.finish([module])
    assert failure.data["where"] == "migrations/002_b.sql"
    assert "could not create unique index" in failure.data["reason"]
    assert "the invalid index shop_items_name was left behind" in migrator.status(module).owed["shop_002"]
    assert valid(database) == [("shop_items_name", False)]
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("delete from shop_items where id = 2")
    upgrade(database, module)
    assert (migrator.pending(module), valid(database)) == ((), [("shop_items_name", True)])


def test_an_index_that_was_built_before_the_process_died_counts_as_done(database, tmp_path):
    module = module_of(tmp_path, TABLE | {"002_b.sql": INDEX})
    run(database, module)
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        connection.execute(INDEX.encode())
    assert ModuleMigrator(database).finish([module]) == ()
    assert ModuleMigrator(database).pending(module) == ()


def test_a_file_that_is_still_owed_may_be_mended(database, tmp_path):
    run(database, module_of(tmp_path, TABLE | {"002_b.sql": INDEX.replace("(name)", "(nmae)")}))
    mended = module_of(tmp_path, TABLE | {"002_b.sql": INDEX})
    upgrade(database, mended)
    assert ModuleMigrator(database).status(mended).drift == ()


def test_two_processes_build_an_index_once(database, tmp_path):
    module, failures = module_of(tmp_path, TABLE | {"002_b.sql": INDEX}), []
    run(database, module)
    finish = ModuleMigrator(database).finish
    threads = [threading.Thread(target=lambda: failures.append(finish([module]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [(), ()]
    assert valid(database) == [("shop_items_name", True)]


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently other_i on shop_items(id);",
        "create index concurrently shop_i on other_items(id);",
        "create index concurrently shop_i on klods.process(name);",
        "create index concurrently on shop_items(id);",
        "drop index concurrently other_i;",
        "drop index concurrently shop_i, other_i;",
        "drop index concurrently shop_i cascade;",
        "reindex table concurrently other_items;",
        "drop table shop_items;",
        "vacuum;",
        "commit;",
        "select 1; select 2;",
        "",
    ],
)
def test_anything_else_without_a_transaction_is_refused_before_anything_runs(database, tmp_path, statement):
    module = module_of(tmp_path, TABLE | {"002_b.sql": f"-- klods:no-transaction\n{statement}"})
    with pytest.raises(MigrationFailed, match=r"shop_002.*002_b\.sql"):
        run(database, module)
    assert ModuleMigrator(database).status(module).current is None


def test_an_index_is_taken_away_and_rebuilt_the_same_way(database, tmp_path):
    files = TABLE | {
        "002_b.sql": INDEX,
        "003_c.sql": "-- klods:no-transaction\nreindex index concurrently shop_items_name",
        "004_d.sql": "-- klods:no-transaction\ndrop index concurrently if exists shop_items_name",
    }
    upgrade(database, module_of(tmp_path, files))
    assert valid(database) == []
