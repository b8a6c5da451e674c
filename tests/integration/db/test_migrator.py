"""Migrations from files to tables and back: whole or not at all, and said in the database's own words."""

import threading
from pathlib import Path

import psycopg
import pytest
from support.catalogue import difference, snapshot
from support.migrating import downgrade, module_of, python, upgrade

from klods.db.database import Database
from klods.db.migrating.migrator import ModuleMigrator, migrate_host
from klods.db.own_connection import own_transaction
from klods.errors import MigrationFailed

TABLE = "create table shop_items(id int primary key, name text);"


@pytest.fixture
def database(host_database):
    with Database(host_database) as it:
        yield it


def rows(conninfo: str, query: str) -> list:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


def failure(database, module, to="head") -> MigrationFailed:
    before = snapshot(database.conninfo, rows=True)
    with pytest.raises(MigrationFailed) as caught:
        upgrade(database, module, to)
    assert difference(before, snapshot(database.conninfo, rows=True)) == []
    return caught.value


def test_the_host_migrates_itself_and_again_changes_nothing(empty_database):
    with Database(empty_database) as database:
        migrate_host(database)
        before = snapshot(empty_database, rows=True)
        migrate_host(database)
    assert "relation klods.installation" in before
    assert difference(before, snapshot(empty_database, rows=True)) == []


def test_processes_that_start_at_once_migrate_the_host_once(empty_database):
    failures = []

    def start():
        try:
            with Database(empty_database) as database:
                migrate_host(database)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(empty_database, "select count(*) from klods.module_migration where revision = 'klods_001'") == [(1,)]


def test_sql_and_python_files_run_in_one_line_whichever_comes_first(database, tmp_path):
    files = {
        "versions/shop_001_a.py": python("shop_001", None, "op.create_table('shop_a', sa.Column('id', sa.Integer))"),
        "002_b.sql": "alter table shop_a add b text;",
        "versions/shop_003_c.py": python("shop_003", "shop_002", "op.add_column('shop_a', sa.Column('c', sa.Text))"),
        "004_d.sql": "alter table shop_a add d text;",
    }
    ran = upgrade(database, module_of(tmp_path, files))
    assert ran == ("shop_001", "shop_002", "shop_003", "shop_004")
    columns = "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = 'shop_a'::regclass and attnum > 0"
    assert rows(database.conninfo, columns) == [("id b c d",)]


def test_what_runs_can_be_written_to_the_log(database, tmp_path, caplog):
    caplog.set_level("INFO", "alembic")
    upgrade(database, module_of(tmp_path, {"001_a.sql": TABLE}))
    assert any("-> shop_001" in line for line in caplog.messages)


def test_a_failure_in_the_third_of_three_leaves_nothing_of_the_others(database, tmp_path):
    files = {"001_a.sql": TABLE, "002_b.sql": "create table shop_b();", "003_c.sql": "select 1;\nselect 1/0;"}
    error = failure(database, module_of(tmp_path, files))
    assert str(error) == "shop: the migration shop_003 failed: division by zero (migrations/003_c.sql:2)"


def test_a_failure_in_python_names_the_line_in_its_file(database, tmp_path):
    body = python("shop_001", None, "op.execute('create table shop_a()')\n    op.execute('select * from nowhere')")
    error = failure(database, module_of(tmp_path, {"versions/shop_001_a.py": body}))
    assert error.data["where"] == "migrations/versions/shop_001_a.py:13"
    assert "nowhere" in error.data["reason"]


@pytest.mark.parametrize("up", ["raise SystemExit(3)", "exit(1)", "1/0", "import nothing_like_this", "op.no_such()"])
def test_whatever_python_raises_is_a_failed_migration(database, tmp_path, up):
    error = failure(database, module_of(tmp_path, {"versions/shop_001_a.py": python("shop_001", None, up)}))
    assert error.data["where"].endswith("shop_001_a.py:12")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("BEGIN;", "BEGIN cannot stand"),
        ("commit ;", "COMMIT cannot stand"),
        ("Rollback;", "ROLLBACK cannot stand"),
        ("savepoint x;", "SAVEPOINT cannot stand"),
        ("prepare transaction 'x';", "PREPARE cannot stand"),
        ("copy shop_items from stdin;\n1\tx\n\\.", "COPY from or to the client"),
        ("\\c other", "psql"),
        ("do $$ begin commit; end $$;", "invalid transaction termination"),
        ("create index concurrently shop_i on shop_items(name);", "CREATE INDEX CONCURRENTLY cannot"),
        ("create databse x;", "syntax error"),
    ],
)
def test_what_cannot_stand_in_a_migration_is_refused_by_line(database, tmp_path, statement, said):
    error = failure(database, module_of(tmp_path, {"001_a.sql": f"{TABLE}\n-- a comment\n{statement}\n"}))
    assert said in error.data["reason"]
    assert error.data["where"] == "migrations/001_a.sql:3"


@pytest.mark.parametrize("statement", ["commit", "/* x */ rollback", "select 1; commit", "begin"])
def test_python_cannot_end_the_transaction(database, tmp_path, statement):
    body = f"op.execute('create table shop_a()')\n    op.execute({statement!r})"
    error = failure(database, module_of(tmp_path, {"versions/shop_001_a.py": python("shop_001", None, body)}))
    assert error.data["where"].endswith(":13")


@pytest.mark.parametrize("body", ["op.get_bind().commit()", "op.get_bind().rollback()", "op.get_bind().close()"])
def test_commit_rollback_and_close_of_the_connection_change_nothing(database, tmp_path, body):
    up = f"op.execute('create table shop_a()')\n    {body}"
    good = python("shop_001", None, up)
    bad = python("shop_002", "shop_001", "1/0")
    failure(database, module_of(tmp_path, {"versions/shop_001_a.py": good, "versions/shop_002_b.py": bad}))


def test_percent_signs_and_colons_reach_the_server_untouched(database, tmp_path):
    text = "insert into shop_items values (1, '%s %% %(x)s :name ::x \\: ?');"
    upgrade(database, module_of(tmp_path, {"001_a.sql": TABLE + text}))
    assert rows(database.conninfo, "select name from shop_items") == [("%s %% %(x)s :name ::x \\: ?",)]


def test_functions_with_semicolons_inside_run_as_they_are(database, tmp_path):
    text = """
        create function shop_f() returns int language plpgsql as $f$ begin perform 1; return 2; end $f$;
        create function shop_g() returns int begin atomic select 1; select case when true then 3 end; end;
        do $$ begin perform 1; end $$; /* ; /* ; */ */ select ';'; -- ;"""
    upgrade(database, module_of(tmp_path, {"001_a.sql": text}))
    assert rows(database.conninfo, "select shop_f(), shop_g()") == [(2, 3)]


def test_what_a_migration_sets_reaches_no_other_and_no_pool(database, tmp_path):
    up = "for s in ('set search_path = klods', 'set statement_timeout = 1'): op.execute(s)"
    files = {
        "001_a.sql": "set search_path = klods; set local lock_timeout = '7s'; set work_mem = '65MB'; set time zone 'Asia/Tokyo';",
        "versions/shop_002_b.py": python("shop_002", "shop_001", up),
        "003_c.sql": f"{TABLE} insert into shop_items select 1, current_setting('search_path') || current_setting('work_mem')"
        " || current_setting('statement_timeout') || current_setting('lock_timeout');",
    }
    with own_transaction(database, lock_seconds=2) as connection:
        connection.execute("set local statement_timeout = '11s'")
        ModuleMigrator(database).upgrade(connection, module_of(tmp_path, files))
        shown = "select current_setting('search_path') s, current_setting('work_mem') w, current_setting('statement_timeout') t"
        assert connection.execute(shown).fetchone() == {"s": '"$user", public', "w": "4MB", "t": "11s"}
    assert rows(database.conninfo, "select name from shop_items") == [("public, klods, pg_temp4MB02s",)]


def test_an_applied_file_that_changed_is_shown_and_stops_the_next(database, tmp_path):
    upgrade(database, module_of(tmp_path, {"001_a.sql": TABLE}))
    changed = module_of(tmp_path, {"001_a.sql": TABLE + " ", "002_b.sql": "select 1;"})
    assert [d.how for d in ModuleMigrator(database).status(changed).drift] == ["changed"]
    assert "put the old text back" in failure(database, changed).data["reason"]


def test_an_applied_file_that_vanished_is_shown_and_stops_the_next(database, tmp_path):
    upgrade(database, module_of(tmp_path, {"001_a.sql": TABLE, "002_b.sql": "select 2;"}))
    less = module_of(tmp_path, {"001_a.sql": TABLE})
    assert [(d.revision, d.how) for d in ModuleMigrator(database).status(less).drift] == [("shop_002", "vanished")]
    assert failure(database, less).data["revision"] == "shop_002"


def test_a_file_put_in_between_is_shown_and_stops_the_next(database, tmp_path):
    up = python("shop_b", "shop_a", "pass")
    upgrade(database, module_of(tmp_path, {"versions/a.py": python("shop_a", None, "pass"), "versions/b.py": up}))
    files = {
        "versions/a.py": python("shop_a", None, "pass"),
        "versions/n.py": python("shop_n", "shop_a", "pass"),
        "versions/b.py": python("shop_b", "shop_n", "pass"),
    }
    status = ModuleMigrator(database).status(module_of(tmp_path, files))
    assert {(d.revision, d.how) for d in status.drift} == {("shop_n", "skipped"), ("shop_b", "changed")}


def test_a_way_back_that_is_missing_is_refused_before_anything_runs(database, tmp_path):
    files = {"001_a.sql": TABLE, "002_b.sql": "create table shop_b();", "002_b.down.sql": "drop table shop_b;"}
    module = module_of(tmp_path, files)
    upgrade(database, module)
    before = snapshot(database.conninfo, rows=True)
    with pytest.raises(MigrationFailed, match=r"shop_001 .*001_….down.sql"):
        downgrade(database, module, "base")
    assert difference(before, snapshot(database.conninfo, rows=True)) == []


def test_python_without_downgrade_is_refused_before_anything_runs(database, tmp_path):
    text = python("shop_001", None, "pass").partition("def downgrade")[0]
    module = module_of(tmp_path, {"versions/shop_001_a.py": text})
    upgrade(database, module)
    with pytest.raises(MigrationFailed, match=r"no downgrade\(\)"):
        downgrade(database, module, "base")


def test_one_step_back_and_forward_again_is_recorded(database, tmp_path):
    files = {"001_a.sql": TABLE, "002_b.sql": "create table shop_b();", "002_b.down.sql": "drop table shop_b;"}
    module = module_of(tmp_path, files)
    upgrade(database, module)
    assert downgrade(database, module, "-1") == ("shop_002",)
    assert ModuleMigrator(database).pending(module) == ("shop_002",)
    upgrade(database, module)
    directions = rows(
        database.conninfo, "select direction from klods.module_migration where revision = 'shop_002' order by id"
    )
    assert directions == [("up",), ("down",), ("up",)]


def test_two_migrators_at_once_run_everything_once(database, tmp_path):
    module = module_of(tmp_path, {"001_a.sql": f"{TABLE} select pg_sleep(0.3);"})
    ran = []
    threads = [threading.Thread(target=lambda: ran.append(upgrade(database, module))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == [(), ("shop_001",)]


def test_a_migration_behind_an_open_reader_gives_up(database, tmp_path):
    first = {"001_a.sql": TABLE}
    upgrade(database, module_of(tmp_path, first))
    module = module_of(tmp_path, first | {"002_b.sql": "select 1;\nalter table shop_items add n int;"})
    with psycopg.connect(database.conninfo) as reader:
        reader.execute("select * from shop_items")
        error = failure(database, module)
    assert "lock timeout" in error.data["reason"]
    assert "002_b.sql" in error.data["where"]


def test_a_connection_killed_in_the_middle_leaves_nothing(database, tmp_path):
    files = {"001_a.sql": TABLE, "002_b.sql": "select pg_terminate_backend(pg_backend_pid());"}
    error = failure(database, module_of(tmp_path, files))
    assert "terminating connection" in error.data["reason"]


def test_a_constraint_that_would_break_at_the_commit_is_the_migrations_fault(database, tmp_path):
    text = (
        "create table shop_b(i int references shop_items deferrable initially deferred); insert into shop_b values (1);"
    )
    error = failure(database, module_of(tmp_path, {"001_a.sql": TABLE + text}))
    assert "violates foreign key constraint" in error.data["reason"]


def test_deferred_constraints_stay_deferred_for_what_follows_in_the_transaction(database, tmp_path):
    text = "create table shop_b(i int references shop_items deferrable initially deferred);"
    with own_transaction(database, lock_seconds=2) as connection:
        ModuleMigrator(database).upgrade(connection, module_of(tmp_path, {"001_a.sql": TABLE + text}))
        connection.execute("insert into shop_b values (1)")
        connection.execute("insert into shop_items values (1)")


def test_files_that_make_no_line_are_refused_with_the_place(database, tmp_path):
    error = failure(database, module_of(tmp_path, {"001_a.sql": TABLE, "003_c.sql": "select 1;"}))
    assert (
        str(error)
        == "shop: the migration 003_c.sql failed: number 002 is missing before 003_c.sql (migrations/003_c.sql:1)"
    )


def test_an_upgrade_can_stop_at_a_revision_by_name_number_or_distance(database, tmp_path):
    module = module_of(tmp_path, {f"00{n}_x.sql": f"create table shop_{n}();" for n in range(1, 6)})
    assert upgrade(database, module, "shop_001") == ("shop_001",)
    assert upgrade(database, module, "002") == ("shop_002",)
    assert upgrade(database, module, "+2") == ("shop_003", "shop_004")
    with pytest.raises(MigrationFailed, match="no such revision"):
        upgrade(database, module, "nonsense")


def test_five_thousand_statements_in_one_file_are_run_at_once(database, tmp_path):
    text = TABLE + "".join(f"insert into shop_items values ({n}, 'x');\n" for n in range(5000))
    upgrade(database, module_of(tmp_path, {"001_a.sql": text}))
    assert rows(
        database.conninfo,
        "select count(*), max(seconds) < 2 from shop_items, klods.module_migration where module = 'shop'",
    ) == [(5000, True)]


def test_a_plan_shows_sql_of_both_kinds_and_runs_nothing(database, tmp_path):
    files = {
        "001_a.sql": "create table shop_a(x text default '%s');",
        "versions/shop_002_b.py": python(
            "shop_002", "shop_001", "op.create_table('shop_b', sa.Column('id', sa.Integer))"
        ),
        "versions/shop_003_c.py": python("shop_003", "shop_002", "op.get_bind().execute(sa.text('select 1')).scalar()"),
    }
    before = snapshot(database.conninfo, rows=True)
    text = ModuleMigrator(database).plan_sql(module_of(tmp_path, files))
    assert "create table shop_a(x text default '%s');" in text
    assert "CREATE TABLE shop_b" in text
    assert "-- what follows depends on the database" in text
    assert difference(before, snapshot(database.conninfo, rows=True)) == []


def test_python_files_run_only_when_they_are_applied(database, tmp_path):
    mark = tmp_path / "ran"
    text = python("shop_001", None, "pass") + f"\nimport pathlib\npathlib.Path({str(mark)!r}).touch(exist_ok=False)\n"
    module = module_of(tmp_path, {"versions/shop_001_a.py": text})
    ModuleMigrator(database).status(module)
    assert not mark.exists()
    upgrade(database, module)
    assert mark.exists()
    assert not list(Path(tmp_path).rglob("__pycache__"))


def test_the_status_of_many_modules_takes_a_few_queries(database, tmp_path):
    modules = [module_of(tmp_path, {"001_a.sql": f"create table m{n}_a();"}, f"m{n}") for n in range(30)]
    for module in modules[:15]:
        upgrade(database, module)
    with psycopg.connect(database.conninfo) as connection:
        counted = _Counted(connection)
        from klods.db.migrating.ledger import statuses
        from klods.kernel.migrations import chain_of

        found = statuses(counted, {module.code: chain_of(module) for module in modules})
    assert sum(bool(status.current) for status in found.values()) == 15
    assert counted.queries <= 4


class _Counted:
    def __init__(self, connection):
        self._connection = connection
        self.queries = 0

    def execute(self, *arguments):
        self.queries += 1
        return self._connection.cursor(row_factory=psycopg.rows.dict_row).execute(*arguments)
