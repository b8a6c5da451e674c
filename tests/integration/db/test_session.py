"""The SQLAlchemy Session and plain SQL as two views of one unit."""

# ruff: noqa: PT012 — what is tested here is a block that fails

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from support.units import Base, Card, Owner, request

from klods.db.statements import execute_insert, execute_query, get_db, savepoint
from klods.db.units.sqlalchemy_view import borrow
from klods.errors import BlockingCall, CommitFailed, EndedUnit, ForbiddenStatement, KlodsError, SwallowedFailure


def names():
    return [row["name"] for row in execute_query("select name from card order by id")]


def test_both_views_see_what_the_other_did_before_anything_is_saved(scope, outside):
    db = get_db()
    db.add(Card(name="by session"))
    assert names() == ["first", "by session"]
    execute_insert("insert into card(name) values ('by sql')")
    assert db.scalars(select(Card.name).order_by(Card.id)).all() == ["first", "by session", "by sql"]
    assert outside.names() == ["first"]


def test_both_views_use_one_connection(scope):
    pid = get_db().scalar(select(func.pg_backend_pid()))
    assert execute_query("select pg_backend_pid() as pid") == [{"pid": pid}]


def test_get_db_gives_the_same_session_all_the_time(scope):
    assert get_db() is get_db()


def test_a_commit_in_the_middle_saves_nothing_when_the_edge_rolls_back(scope, outside):
    db = get_db()
    db.add(Card(name="a"))
    db.commit()
    execute_insert("insert into card(name) values ('b')")
    db.commit()
    scope.end(keep=False)
    assert outside.names() == ["first"]


def test_what_was_not_committed_is_kept_with_the_request(scope, outside):
    get_db().add(Card(name="a"))
    scope.end(keep=True)
    assert outside.names() == ["first", "a"]


def test_a_rollback_of_the_session_goes_back_to_its_last_commit(scope, outside):
    db = get_db()
    db.add(Card(name="a"))
    db.commit()
    db.add(Card(name="b"))
    db.flush()
    db.rollback()
    db.add(Card(name="c"))
    scope.end(keep=True)
    assert outside.names() == ["first", "a", "c"]


def test_a_committed_object_can_be_read_refreshed_and_changed(scope, outside):
    db = get_db()
    card = Card(name="a")
    db.add(card)
    db.commit()
    db.refresh(card)
    card.name += "!"
    db.commit()
    assert card.id
    scope.end(keep=True)
    assert outside.names() == ["first", "a!"]


def test_an_error_that_the_handler_undoes_hurts_nothing_else(scope, outside):
    db = get_db()
    execute_insert("insert into card(name) values ('before')")
    db.add(Card(name="first"))
    with pytest.raises(IntegrityError):
        db.commit()
    db.rollback()
    db.add(Card(name="after"))
    scope.end(keep=True)
    assert outside.names() == ["first", "before", "after"]


@pytest.mark.parametrize("ending", ["flush", "commit", "statement"])
def test_a_swallowed_failure_of_the_session_is_said_at_the_edge(scope, outside, ending):
    db = get_db()
    db.add(Card(name="a"))
    db.flush()
    try:
        if ending == "statement":
            db.execute(text("selec"))
        else:
            db.add(Card(name="first"))
            getattr(db, ending)()
    except DBAPIError:
        pass
    with pytest.raises(SwallowedFailure):
        scope.end(keep=True)
    assert outside.names() == ["first"]


def test_a_failure_in_plain_sql_makes_a_commit_of_the_session_fail_there(scope):
    db = get_db()
    db.execute(text("select 1"))
    with pytest.raises(psycopg.errors.SyntaxError):
        execute_query("selec")
    with pytest.raises(DBAPIError, match="aborted"):
        db.commit()


def test_an_object_that_the_last_flush_cannot_save_fails_the_commit(scope, outside):
    get_db().add(Card(name="first"))
    with pytest.raises(CommitFailed, match="duplicate key") as failure:
        scope.end(keep=True)
    assert failure.value.data["sqlstate"] == "23505"
    assert outside.names() == ["first"]


def test_a_constraint_checked_at_commit_fails_the_commit(scope):
    get_db().add(Owner(id=1, card_id=999))
    with pytest.raises(CommitFailed, match="foreign key"):
        scope.end(keep=True)


def test_the_session_ends_with_the_unit(scope):
    db = get_db()
    card = db.scalars(select(Card)).one()
    scope.end(keep=True)
    assert card.name == "first"
    with pytest.raises(EndedUnit):
        db.execute(text("select 1"))
    with pytest.raises(EndedUnit):
        db.scalars(select(Card)).all()


def test_a_session_from_an_ended_unit_never_reaches_the_connection_of_another(database, outside):
    with request(database) as scope:
        old = get_db()
        old.execute(text("select 1"))
        scope.end(keep=True)
    with request(database) as scope:
        execute_insert("insert into card(name) values ('a')")
        for use in (old.commit, old.rollback, old.close):
            use()
        with pytest.raises(KlodsError):
            old.add(Card(name="b"))
            old.flush()
        scope.end(keep=True)
    assert outside.names() == ["first", "a"]


def test_a_result_that_is_read_slowly_is_read_from_memory(scope):
    rows = get_db().execute(text("select generate_series(1, 1000)"), execution_options={"stream_results": True})
    assert rows.fetchone() == (1,)
    scope.end(keep=True)
    assert len(rows.fetchall()) == 999


def test_close_forgets_the_objects_and_keeps_what_was_done(scope, outside):
    db = get_db()
    db.add(Card(name="a"))
    execute_insert("insert into card(name) values ('b')")
    db.close()
    assert not list(db)
    scope.end(keep=True)
    assert outside.names() == ["first", "a", "b"]


def test_a_with_block_of_the_session_is_undone_by_an_error_in_it(scope, outside):
    with pytest.raises(ZeroDivisionError), get_db() as db:
        db.add(Card(name="a"))
        db.flush()
        raise ZeroDivisionError
    scope.end(keep=True)
    assert outside.names() == ["first"]


def test_begin_blocks_of_the_session_end_savepoints(scope, outside):
    db = get_db()
    with db.begin():
        db.add(Card(name="a"))
    with db.begin_nested():
        db.add(Card(name="b"))
    scope.end(keep=False)
    assert outside.names() == ["first"]


def test_ending_the_sqlalchemy_connection_ends_nothing(scope, outside):
    connection = get_db().connection()
    connection.execute(text("insert into card(name) values ('a')"))
    connection.connection.commit()
    connection.connection.rollback()
    connection.connection.close()
    assert names() == ["first", "a"]
    assert outside.names() == ["first"]
    scope.end(keep=True)
    assert outside.names() == ["first", "a"]


@pytest.mark.parametrize("ending", ["commit", "close", "rollback"])
def test_nothing_is_saved_however_the_sqlalchemy_connection_is_ended(scope, outside, ending):
    connection = get_db().connection()
    connection.execute(text("insert into card(name) values ('a')"))
    getattr(connection, ending)()
    assert outside.names() == ["first"]
    scope.end(keep=False)
    assert outside.names() == ["first"]


@pytest.mark.parametrize(
    "statement",
    ["commit", "ROLLBACK", "/* x */ begin", "savepoint a", "set role postgres", "set local lock_timeout = 0"],
)
def test_control_of_the_transaction_is_refused_for_the_session_too(scope, statement):
    db = get_db()
    with pytest.raises(ForbiddenStatement):
        db.execute(text(statement))
    with pytest.raises(ForbiddenStatement):
        db.connection().exec_driver_sql(statement)
    assert db.scalar(text("select 1")) == 1


def test_a_second_statement_is_refused_for_the_session_too(scope):
    with pytest.raises(DBAPIError, match="multiple commands"):
        get_db().connection().exec_driver_sql("select 1; drop table card")


def test_parameters_stay_out_of_the_text_of_errors(scope):
    with pytest.raises(DBAPIError) as failure:
        get_db().execute(text("select :secret + 'x'::int"), {"secret": "hunter2"})
    assert "hunter2" not in str(failure.value)


def test_a_savepoint_covers_both_views(scope, outside):
    db = get_db()
    db.add(Card(name="outside"))
    with pytest.raises(ZeroDivisionError), savepoint():
        db.add(Card(name="inside"))
        execute_insert("insert into card(name) values ('inside sql')")
        raise ZeroDivisionError
    assert names() == ["first", "outside"]
    assert db.scalars(select(Card.name).order_by(Card.id)).all() == ["first", "outside"]
    scope.end(keep=True)
    assert outside.names() == ["first", "outside"]


def test_a_failed_flush_inside_a_savepoint_leaves_the_session_usable(scope, outside):
    db = get_db()
    card = Card(name="a")
    db.add(card)
    with pytest.raises(IntegrityError), savepoint():
        db.add(Card(name="first"))
        db.flush()
    card.hours = 5
    db.add(Card(name="b"))
    scope.end(keep=True)
    assert outside.names() == ["first", "a", "b"]


@pytest.mark.parametrize("busy", [True, False], ids=["session in use", "session idle"])
@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_ends_of_the_session_inside_a_savepoint_do_not_reach_out_of_it(scope, outside, busy, ending):
    db = get_db()
    if busy:
        db.add(Card(name="before"))
        db.flush()
    with savepoint():
        db.add(Card(name="inside"))
        db.flush()
        getattr(db, ending)()
        db.add(Card(name="inside again"))
    db.add(Card(name="after"))
    scope.end(keep=True)
    kept = ["before"] * busy + ["inside"] * (ending == "commit") + ["inside again", "after"]
    assert outside.names() == ["first", *kept]


@pytest.mark.parametrize("busy", [True, False], ids=["session in use", "session idle"])
def test_a_commit_inside_a_savepoint_is_undone_with_it(scope, outside, busy):
    db = get_db()
    if busy:
        db.add(Card(name="before"))
        db.flush()
    with pytest.raises(ZeroDivisionError), savepoint():
        db.add(Card(name="inside"))
        db.commit()
        db.add(Card(name="inside too"))
        db.flush()
        raise ZeroDivisionError
    assert db.scalars(select(Card.name).order_by(Card.id)).all() == ["first"] + ["before"] * busy
    db.add(Card(name="after"))
    scope.end(keep=True)
    assert outside.names() == ["first", *(["before"] * busy), "after"]


def test_a_session_first_used_inside_a_savepoint_is_undone_with_it(scope, outside):
    with pytest.raises(ZeroDivisionError), savepoint():
        get_db().add(Card(name="inside"))
        get_db().flush()
        raise ZeroDivisionError
    get_db().add(Card(name="after"))
    scope.end(keep=True)
    assert outside.names() == ["first", "after"]


def test_a_session_begun_inside_a_savepoint_can_be_rolled_back_after_it(scope, outside):
    with savepoint():
        db = get_db()
        db.add(Card(name="inside"))
        db.flush()
    db.rollback()
    with savepoint():
        execute_insert("insert into card(name) values ('after')")
    scope.end(keep=True)
    assert outside.names() == ["first", "after"]


def test_nested_savepoints_undo_only_their_own_part_of_the_session(scope, outside):
    db = get_db()
    with savepoint():
        db.add(Card(name="outer"))
        with pytest.raises(ZeroDivisionError), savepoint():
            db.add(Card(name="inner"))
            db.commit()
            raise ZeroDivisionError
        db.commit()
        db.add(Card(name="outer again"))
    scope.end(keep=True)
    assert outside.names() == ["first", "outer", "outer again"]


def test_a_flush_event_may_run_plain_sql(scope, outside):
    db = get_db()

    def note(*_):
        execute_insert("insert into word values ('flushed', 'yes') on conflict do nothing")

    sqlalchemy.event.listen(db, "before_flush", note)
    db.add(Card(name="a"))
    scope.end(keep=True)
    assert outside.ask("select term from word") == [{"term": "flushed"}]


def test_many_objects_are_inserted_at_once(scope, outside):
    db = get_db()
    db.add_all([Card(name=f"card {number}") for number in range(500)])
    db.commit()
    db.execute(sqlalchemy.update(Card), [{"id": card.id, "hours": 1} for card in db.scalars(select(Card))])
    scope.end(keep=True)
    assert outside.ask("select count(*) as n from card where hours = 1") == [{"n": 501}]


def test_a_session_on_the_host_thread_is_refused(database):
    import threading

    with request(database, host_thread=threading.get_ident()), pytest.raises(BlockingCall):
        get_db()


def test_sessions_work_on_the_first_request_while_another_unit_holds_the_rest_of_the_pool(conninfo):
    from klods.db.database import Database

    with Database(conninfo, pool_size=1) as database, request(database):
        assert get_db().scalar(text("select 1")) == 1


def test_a_borrowed_connection_belongs_to_its_owner(conninfo, outside):
    with psycopg.connect(conninfo, autocommit=True) as raw:
        with raw.transaction(force_rollback=True):
            connection = borrow(raw)
            assert connection.in_transaction()
            connection.execute(text("create table made(id int primary key)"))
            with pytest.raises(DBAPIError), connection.begin_nested():
                connection.execute(text("insert into made values (1), (1)"))
            assert connection.scalar(text("select count(*) from made")) == 0
            with pytest.raises(ForbiddenStatement):
                connection.exec_driver_sql("select 1; commit")
            connection.commit()
            connection.close()
            assert raw.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        assert outside.ask("select to_regclass('made') as made") == [{"made": None}]


def test_tables_can_be_made_and_looked_at_through_a_borrowed_connection(conninfo):
    with psycopg.connect(conninfo, autocommit=True) as raw, raw.transaction(force_rollback=True):
        connection = borrow(raw)
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        columns = sqlalchemy.inspect(connection).get_columns("card")
        assert [column["name"] for column in columns] == ["id", "name", "hours"]
