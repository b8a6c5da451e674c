"""One transaction per unit, kept or undone as a whole."""

# ruff: noqa: PT012 — what is tested here is a block that fails

import threading
from contextlib import suppress

import psycopg
import pytest
from support.units import request
from support.waiting import HANGS_AFTER_SECONDS, sooner_than, until

from klods.db.database import Database
from klods.db.pool import Pool
from klods.db.scope import enter
from klods.db.statements import execute_insert, execute_query, execute_update, savepoint
from klods.db.units.opening import Frame
from klods.db.units.transaction import Transaction
from klods.db.units.unit import Opening, Unit
from klods.errors import CommitFailed, EndedUnit, NoDatabase, SwallowedFailure


def add(name):
    return execute_insert("insert into card(name) values (%s)", [name])


def test_what_was_done_is_kept_together(scope, outside):
    add("a")
    add("b")
    assert outside.names() == ["first"]
    scope.end(keep=True)
    assert outside.names() == ["first", "a", "b"]


def test_what_was_done_is_undone_together(scope, outside):
    add("a")
    execute_update("delete from card where name = 'first'")
    scope.end(keep=False)
    assert outside.names() == ["first"]


def test_a_unit_without_statements_takes_no_connection(database, outside):
    with request(database) as scope:
        unit = scope.unit
        scope.end(keep=True)
    assert not unit.started
    idle = "select count(*) as n from pg_stat_activity where state like 'idle in%%' and datname = current_database()"
    assert outside.ask(idle) == [{"n": 0}]


def test_begin_limits_and_platform_take_one_round_trip_and_the_end_another(database, monkeypatch):
    sent = []
    send = Transaction._send
    monkeypatch.setattr(Transaction, "_send", lambda self, text: sent.append(text) or send(self, text))
    with database.unit(Opening("cards", platform_id=7, statement_seconds=3, lock_seconds=2, idle_seconds=9)) as unit:
        rows = unit.run(
            "select current_setting('statement_timeout') as s, current_setting('lock_timeout') as l,"
            " current_setting('idle_in_transaction_session_timeout') as i, current_setting('klods.platform') as p"
        ).fetchall()
    assert rows == [{"s": "3s", "l": "2s", "i": "9s", "p": "7"}]
    assert [text.partition(b";")[0] for text in sent] == [b"BEGIN", b"COMMIT"]


def test_the_settings_of_a_unit_do_not_outlive_it(database):
    with database.unit(Opening("cards", platform_id=7)) as unit:
        pid = unit.run("select pg_backend_pid() as pid").fetchone()["pid"]
    for _ in range(8):
        with database.connection() as connection:
            row = connection.execute(
                "select pg_backend_pid() as pid, current_setting('klods.platform', true) as p,"
                " current_setting('statement_timeout') as s"
            ).fetchone()
        if row["pid"] == pid:
            break
    assert row == {"pid": pid, "p": "", "s": "0"}


def test_a_read_only_unit_cannot_write(database):
    with (
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        database.unit(Opening("cards", read_only=True)) as unit,
    ):
        unit.run("insert into card(name) values ('a')")


SETTING = "create function setting(text, text) returns text language sql as 'select set_config($1, $2, true)'"


def test_a_read_only_unit_cannot_be_talked_out_of_it(database, outside):
    outside.ask(SETTING)
    with (
        pytest.raises(psycopg.errors.ActiveSqlTransaction),
        database.unit(Opening("cards", read_only=True)) as unit,
    ):
        unit.run("select setting('transaction_read_only', 'off')")


def test_a_swallowed_failure_is_said_and_nothing_is_kept(scope, outside):
    add("a")
    with suppress(psycopg.errors.UniqueViolation):
        add("first")
    with pytest.raises(SwallowedFailure):
        scope.end(keep=True)
    assert outside.names() == ["first"]


def test_the_connection_is_clean_after_a_swallowed_failure(conninfo):
    with Database(conninfo, pool_size=1) as database:
        with request(database) as scope:
            with pytest.raises(psycopg.Error):
                execute_query("selec")
            with pytest.raises(SwallowedFailure):
                scope.end(keep=True)
        with request(database):
            assert execute_query("select 1 as n") == [{"n": 1}]


def test_a_commit_that_the_database_refuses_says_why(database, outside):
    with request(database) as scope:
        add("a")
        execute_insert("insert into owner(id, card_id) values (1, 999)")
        with pytest.raises(CommitFailed, match="violates foreign key constraint") as failure:
            scope.end(keep=True)
    assert failure.value.data["sqlstate"] == "23503"
    assert outside.names() == ["first"]
    with request(database):
        assert execute_query("select count(*) as n from owner") == [{"n": 0}]


def test_a_serialization_failure_at_commit_keeps_nothing(conninfo, outside):
    serializable = Frame(b"BEGIN ISOLATION LEVEL SERIALIZABLE", b"COMMIT", b"ROLLBACK", b"")
    pool = Pool(conninfo, size=2, wait_seconds=HANGS_AFTER_SECONDS)
    pool.open()
    units = [Unit(pool, Opening("cards"), serializable) for _ in range(2)]
    for unit in units:
        unit.run("select sum(hours) from card")
    for number, unit in enumerate(units):
        unit.run("insert into card(name, hours) values (%s, 1)", [f"new {number}"])
    units[0].commit()
    with pytest.raises(CommitFailed, match="could not serialize"):
        units[1].commit()
    pool.close()
    assert outside.names() == ["first", "new 0"]


def test_an_ended_unit_takes_no_statement_and_no_commit(database):
    unit = database.unit(Opening("cards"))
    unit.run("select 1")
    unit.rollback()
    with pytest.raises(EndedUnit):
        unit.run("select 1")
    with pytest.raises(EndedUnit):
        unit.commit()
    unit.rollback()


def test_rows_can_be_read_after_the_end_but_nothing_can_be_asked(database):
    unit = database.unit(Opening("cards"))
    cursor = unit.run("select name from card")
    unit.commit()
    assert cursor.fetchall() == [{"name": "first"}]
    with pytest.raises(EndedUnit):
        cursor.execute("select 1")
    with pytest.raises(EndedUnit):
        cursor.executemany("select %s", [[1]])


def test_a_generator_of_rows_that_outlives_its_request_reads_no_further(scope):
    def rows():
        for name in ["first", "second"]:
            yield execute_query("select * from card where name = %s", [name])

    reading = rows()
    assert len(next(reading)) == 1
    scope.end(keep=True)
    with pytest.raises(Exception, match="no open scope"):
        next(reading)


def test_savepoints_nest_and_only_the_failed_one_is_undone(scope, outside):
    with savepoint():
        add("outer")
        with pytest.raises(psycopg.errors.UniqueViolation), savepoint():
            add("inner")
            add("first")
        with savepoint():
            add("second inner")
    scope.end(keep=True)
    assert outside.names() == ["first", "outer", "second inner"]


def test_an_error_undoes_the_savepoints_inside_too(scope, outside):
    with pytest.raises(KeyError), savepoint():
        with savepoint():
            add("inner")
        add("outer")
        raise KeyError
    add("after")
    scope.end(keep=True)
    assert outside.names() == ["first", "after"]


def test_a_failure_swallowed_inside_a_savepoint_is_said_there(scope, outside):
    add("before")
    with pytest.raises(SwallowedFailure), savepoint():
        add("inside")
        with suppress(psycopg.Error):
            execute_query("selec")
    add("after")
    scope.end(keep=True)
    assert outside.names() == ["first", "before", "after"]


def test_a_savepoint_around_nothing_sends_nothing(database):
    with database.unit(Opening("cards")) as unit:
        with unit.savepoint():
            pass
        unit.run("select 1")


def test_a_hundred_savepoints_in_a_row_leave_none_open(scope):
    for number in range(100):
        with savepoint():
            add(f"card {number}")
    with pytest.raises(ZeroDivisionError), savepoint():
        add("last")
        raise ZeroDivisionError
    assert execute_query("select count(*) as n from card") == [{"n": 101}]


def test_the_settings_are_back_after_a_rollback_to_a_savepoint(scope, outside):
    outside.ask(SETTING)
    with pytest.raises(ZeroDivisionError), savepoint():
        execute_query("select setting('klods.platform', '99')")
        raise ZeroDivisionError
    assert execute_query("select current_setting('klods.platform') as p") == [{"p": "1"}]


def test_a_slow_statement_is_stopped(database):
    with request(database, statement_seconds=0.1), pytest.raises(psycopg.errors.QueryCanceled):
        execute_query("select pg_sleep(5)")


def test_two_people_do_not_lose_an_update(database, outside):
    def spend():
        with request(database) as scope:
            execute_update("update card set hours = hours - 1 where name = 'first'")
            execute_query("select pg_sleep(0.05)")
            scope.end(keep=True)

    together(*[spend] * 4)
    assert outside.ask("select hours from card") == [{"hours": 6}]


def test_a_lock_is_not_waited_for_longer_than_allowed(database):
    holder, waiter = database.unit(Opening("cards")), database.unit(Opening("cards", lock_seconds=0.1))
    holder.run("update card set hours = 0")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        waiter.run("update card set hours = 1")
    waiter.rollback()
    holder.commit()


def test_who_waits_for_a_lock_sees_what_the_other_one_saved(database, outside):
    holder, waiter = database.unit(Opening("cards")), database.unit(Opening("cards"))
    holder.run("update card set hours = 3")
    waiting = threading.Thread(target=lambda: waiter.run("update card set hours = hours * 2"))
    waiting.start()
    until(lambda: outside.someone_waits_for("Lock"))
    holder.commit()
    waiting.join()
    waiter.commit()
    assert outside.ask("select hours from card") == [{"hours": 6}]


def test_a_unit_whose_connection_is_killed_says_so_and_keeps_nothing(scope, outside, database):
    add("a")
    outside.kill_all()
    with pytest.raises(NoDatabase, match="administrator command"):
        add("b")
    with pytest.raises(CommitFailed, match="nothing was saved"):
        scope.end(keep=True)
    with request(database):
        assert execute_query("select name from card") == [{"name": "first"}]


def test_a_connection_that_dies_before_the_commit_fails_it(scope, outside):
    add("a")
    outside.kill_all()
    with pytest.raises(CommitFailed, match="not known whether"):
        scope.end(keep=True)
    assert outside.names() == ["first"]


def test_a_connection_killed_inside_a_savepoint_does_not_hide_the_error(scope, outside):
    add("a")
    with pytest.raises(NoDatabase), savepoint():
        outside.kill_all()
        add("b")


def test_units_go_on_at_once_when_all_connections_died_meanwhile(conninfo, outside, monkeypatch):
    monkeypatch.setattr("klods.db.pool._GLANCE_SECONDS", HANGS_AFTER_SECONDS)
    with Database(conninfo, pool_size=4, wait_seconds=HANGS_AFTER_SECONDS) as database:
        units = [database.unit(Opening("cards")) for _ in range(4)]
        for unit in units:
            unit.run("select 1")
        for unit in units:
            unit.commit()
        outside.kill_all()
        with sooner_than(HANGS_AFTER_SECONDS):
            for _ in range(6):
                with request(database):
                    assert execute_query("select 1 as n") == [{"n": 1}]
        with database.connection() as connection:
            assert connection.execute("select 1 as n").fetchone() == {"n": 1}


def test_a_pool_of_two_answers_six(conninfo):
    answers = []
    with Database(conninfo, pool_size=2) as database:

        def ask():
            with request(database) as scope:
                execute_query("select pg_sleep(0.05)")
                answers.extend(execute_query("select name from card"))
                scope.end(keep=True)

        together(*[ask] * 6)
    assert answers == [{"name": "first"}] * 6


def test_a_cancelled_unit_stops_and_can_never_commit(database, outside):
    unit = database.unit(Opening("cards", statement_seconds=2 * HANGS_AFTER_SECONDS))
    unit.run("insert into card(name) values ('a')")
    caught = []

    def work():
        try:
            unit.run("select pg_sleep(%s)", [2 * HANGS_AFTER_SECONDS])
        except EndedUnit as error:
            caught.append(error)

    working = threading.Thread(target=work)
    working.start()
    until(lambda: outside.someone_waits_for("Timeout"))
    with sooner_than(HANGS_AFTER_SECONDS):
        unit.cancel()
        working.join()
    assert len(caught) == 1
    with pytest.raises(EndedUnit):
        unit.commit()
    assert outside.names() == ["first"]


def test_a_cancel_between_statements_frees_the_connection_at_once(conninfo, outside):
    with Database(conninfo, pool_size=1, wait_seconds=2) as database:
        unit = database.unit(Opening("cards"))
        unit.run("insert into card(name) values ('a')")
        unit.cancel()
        with database.unit(Opening("cards")) as after:
            assert after.run("select name from card").fetchall() == [{"name": "first"}]
        with pytest.raises(EndedUnit):
            unit.run("select 1")


def test_a_cancel_never_hits_the_next_unit(conninfo):
    with Database(conninfo, pool_size=1) as database:
        for _ in range(20):
            unit = database.unit(Opening("cards"))
            unit.run("select 1")
            cancelling = threading.Thread(target=unit.cancel)
            cancelling.start()
            unit.rollback()
            with database.unit(Opening("cards")) as after:
                after.run("select pg_sleep(0.01)")
            cancelling.join()


def test_a_cancelled_unit_that_waits_for_a_connection_gives_it_back(conninfo):
    with Database(conninfo, pool_size=1, wait_seconds=HANGS_AFTER_SECONDS) as database:
        holder, waiter = database.unit(Opening("cards")), database.unit(Opening("cards"))
        holder.run("select 1")
        caught = []

        def wait():
            try:
                waiter.run("select 1")
            except EndedUnit as error:
                caught.append(error)

        waiting, cancelling = threading.Thread(target=wait), threading.Thread(target=waiter.cancel)
        waiting.start()
        until(lambda: database._modules._pool.get_stats()["requests_waiting"])
        cancelling.start()
        until(lambda: waiter.ended)
        holder.commit()
        waiting.join()
        cancelling.join()
        assert len(caught) == 1
        with database.unit(Opening("cards")) as after:
            after.run("select 1")


def test_threads_with_a_copy_of_the_context_share_the_unit_in_turn(scope, outside):
    import contextvars

    names = [f"card {number}" for number in range(20)]
    contexts = [contextvars.copy_context() for _ in names]
    together(*[lambda c=context, n=name: c.run(add, n) for context, name in zip(contexts, names, strict=True)])
    assert outside.names() == ["first"]
    scope.end(keep=True)
    assert sorted(outside.names()) == sorted(["first", *names])


def test_a_column_added_meanwhile_hurts_no_prepared_statement(database, outside):
    for _ in range(8):
        with request(database):
            execute_query("select * from card")
    outside.ask("alter table card add column note text")
    for _ in range(4):
        with request(database):
            assert execute_query("select * from card") == [{"id": 1, "name": "first", "hours": 10, "note": None}]


def test_forgotten_plans_are_not_used_in_the_middle_of_a_unit_either(database, outside):
    for _ in range(8):
        with request(database):
            execute_query("select 1")
            execute_query("select * from card")
    outside.ask("alter table card add column note text")
    database.forget_plans()
    with request(database):
        execute_query("select 1")
        assert len(execute_query("select * from card")) == 1


def test_a_joined_unit_ends_a_savepoint_and_leaves_the_settings_as_they_were(conninfo, outside):
    with psycopg.connect(conninfo, autocommit=True) as connection, connection.transaction():
        connection.execute("set local statement_timeout = '77s'")
        with Unit.joined(connection, Opening("cards", platform_id=5)) as unit:
            unit.run("insert into card(name) values ('kept')")
            assert unit.run("select current_setting('klods.platform') as p").fetchone() == {"p": "5"}
        with pytest.raises(ZeroDivisionError), Unit.joined(connection, Opening("cards")) as unit:
            unit.run("insert into card(name) values ('undone')")
            raise ZeroDivisionError
        swallowing = Unit.joined(connection, Opening("cards"))
        with pytest.raises(psycopg.errors.UniqueViolation):
            swallowing.run("insert into card(name) values ('first')")
        with pytest.raises(SwallowedFailure):
            swallowing.commit()
        assert outside.names() == ["first"]
        shown = connection.execute("select current_setting('statement_timeout'), current_setting('klods.platform')")
        assert shown.fetchone() == ("77s", "")
    assert outside.names() == ["first", "kept"]


def test_a_joined_unit_is_undone_with_the_transaction_it_joined(conninfo, outside):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        with connection.transaction(force_rollback=True), Unit.joined(connection, Opening("cards")) as unit:
            unit.session.connection().exec_driver_sql("insert into card(name) values ('a')")
        assert outside.names() == ["first"]


def together(*work):
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANGS_AFTER_SECONDS)
    assert not any(thread.is_alive() for thread in threads)


def test_a_context_entered_twice_still_ends_once(scope, outside):
    with enter(scope):
        add("a")
    scope.end(keep=True)
    scope.end(keep=False)
    assert outside.names() == ["first", "a"]


def test_plans_can_be_forgotten_again_and_again(database):
    for _ in range(3):
        for _ in range(8):
            unit = database.unit(Opening("cards", 1))
            assert unit.run("select count(*) as n from card where hours > %s", [1]).fetchall()
            unit.commit()
        database.forget_plans()


def test_a_plan_can_become_stale_again_and_again(database, outside):
    for number in range(3):
        for _ in range(8):
            unit = database.unit(Opening("cards", 1))
            assert unit.run("select * from card", []).fetchall()
            unit.commit()
        outside.ask(f"alter table card add column more_{number} int")
    unit = database.unit(Opening("cards", 1))
    assert unit.run("select * from card", []).fetchall()
    unit.commit()
