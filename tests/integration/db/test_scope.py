"""Scopes: for whom something is done, when it can be done, and how many units it takes."""

# ruff: noqa: PT012 — what is tested here is a block that fails

import contextvars
import threading

import psycopg
import pytest
from support.units import Card, request

from klods.db.scope import Scope, ScopeKind, current_scope, enter, unit
from klods.db.scope import scope as fresh_scope
from klods.db.statements import execute_insert, execute_query, execute_update, get_db, savepoint
from klods.errors import BlockingCall, EndedUnit, NoScope
from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject


def add(name):
    return execute_insert("insert into card(name) values (%s)", [name])


def use_savepoint():
    with savepoint():
        pass


def use_unit():
    with unit():
        pass


@pytest.mark.parametrize(
    "use", [lambda: execute_query("select 1"), lambda: execute_update("select 1"), get_db, use_savepoint, use_unit]
)
def test_nothing_works_without_a_scope_or_after_its_end(database, use):
    with pytest.raises(NoScope):
        contextvars.Context().run(use)
    with request(database) as scope:
        scope.end(keep=True)
        with pytest.raises(NoScope):
            use()


def test_the_scope_can_still_be_asked_after_its_end(database):
    with request(database, locale="da") as scope:
        scope.end(keep=True)
        assert current_scope().locale == "da"
        assert scope.ended


def test_a_scope_ends_once(scope, outside):
    add("a")
    scope.end(keep=True)
    scope.end(keep=False)
    scope.end(keep=True)
    assert outside.names() == ["first", "a"]


def test_a_scope_whose_commit_failed_has_ended(database, outside):
    with request(database) as scope:
        with pytest.raises(psycopg.errors.UniqueViolation):
            add("first")
        with pytest.raises(Exception, match="swallowed"):
            scope.end(keep=True)
        assert scope.ended
        scope.end(keep=True)


def test_a_cancelled_scope_keeps_nothing_and_its_end_says_nothing(database, outside):
    with request(database) as scope:
        add("a")
        held = scope.unit
        scope.cancel()
        with pytest.raises(NoScope):
            add("b")
        with pytest.raises(EndedUnit):
            held.commit()
        scope.end(keep=True)
    assert outside.names() == ["first"]


def test_a_scope_cancelled_before_its_first_statement_begins_no_unit(database):
    with request(database) as scope:
        scope.cancel()
        with pytest.raises(NoScope):
            execute_query("select 1")


def test_a_scope_knows_whether_ending_it_takes_time(scope):
    assert not scope.started
    assert not scope.unit.started
    execute_query("select 1")
    assert scope.started


def test_a_background_task_works_in_a_scope_of_its_own(database, outside):
    someone = Subject(7, "anna", kind=FrontendType.ADMIN)
    with request(database, subject=someone, locale="da", request_id="r1") as scope:
        scope.end(keep=True)
        with fresh_scope() as late:
            add("late")
            assert (late.module, late.subject, late.locale, late.request_id) == ("cards", someone, "da", "r1")
        assert outside.names() == ["first", "late"]
        with pytest.raises(ZeroDivisionError), fresh_scope():
            add("undone")
            raise ZeroDivisionError
        with pytest.raises(NoScope):
            add("nowhere")
    assert outside.names() == ["first", "late"]


def test_a_stream_opens_a_scope_for_each_part(database):
    with request(database) as scope:

        def parts():
            for _ in range(3):
                with fresh_scope():
                    rows = execute_query("select name from card")
                yield rows

        body = parts()
        scope.end(keep=True)
        assert [contextvars.copy_context().run(next, body) for _ in range(3)] == [[{"name": "first"}]] * 3


def test_a_scope_left_in_another_context_still_ends(database, outside):
    with request(database) as scope:
        scope.end(keep=True)

        def body():
            with fresh_scope():
                add("streamed")
                yield

        streaming = body()
        contextvars.copy_context().run(next, streaming)
        contextvars.copy_context().run(list, streaming)
    assert outside.names() == ["first", "streamed"]


def test_no_scope_is_made_without_one_to_take_after():
    def late():
        with fresh_scope():
            pass

    with pytest.raises(NoScope):
        contextvars.Context().run(late)


def test_the_scopes_of_two_requests_do_not_meet(database, outside):
    with request(database) as one:
        add("one")
        with request(database) as two:
            add("two")
            two.end(keep=True)
        one.end(keep=False)
    assert outside.names() == ["first", "two"]


def test_a_job_keeps_each_unit_by_itself(database, outside):
    with request(database, kind=ScopeKind.JOB) as scope:
        with unit():
            add("a")
        assert outside.names() == ["first", "a"]
        with pytest.raises(ZeroDivisionError), unit():
            add("b")
            raise ZeroDivisionError
        with unit():
            get_db().add(Card(name="c"))
        add("d")
        scope.end(keep=False)
    assert outside.names() == ["first", "a", "c"]


def test_what_a_job_did_outside_a_unit_is_kept_when_the_next_one_begins(database, outside):
    with request(database, kind=ScopeKind.COMMAND) as scope:
        add("a")
        with unit():
            assert outside.names() == ["first", "a"]
            add("b")
        add("c")
        scope.end(keep=True)
    assert outside.names() == ["first", "a", "b", "c"]


def test_a_unit_inside_a_unit_is_a_savepoint(database, outside):
    with request(database, kind=ScopeKind.JOB):
        with unit():
            add("a")
            with pytest.raises(ZeroDivisionError), unit():
                add("b")
                raise ZeroDivisionError
            with unit():
                add("c")
            assert outside.names() == ["first"]
        assert outside.names() == ["first", "a", "c"]


def test_a_unit_in_a_request_is_a_savepoint_of_the_request(scope, outside):
    with unit():
        add("a")
    with pytest.raises(ZeroDivisionError), unit():
        add("b")
        raise ZeroDivisionError
    assert outside.names() == ["first"]
    scope.end(keep=True)
    assert outside.names() == ["first", "a"]


def test_the_host_thread_may_not_wait_for_the_database(database):
    with request(database, host_thread=threading.get_ident()):
        for use in (lambda: execute_query("select 1"), get_db, use_savepoint):
            with pytest.raises(BlockingCall):
                use()


def test_other_threads_than_the_hosts_may_wait(database):
    with request(database, host_thread=threading.get_ident()):
        context = contextvars.copy_context()
        answer = []
        worker = threading.Thread(target=lambda: answer.append(context.run(execute_query, "select 1 as n")))
        worker.start()
        worker.join()
    assert answer == [[{"n": 1}]]


def test_the_platform_of_the_scope_is_known_to_the_database(database):
    with enter(Scope(database, "cards", 3)) as scope:
        assert execute_query("select current_setting('klods.platform') as p") == [{"p": "3"}]
        scope.end(keep=False)


def test_a_read_only_scope_writes_nothing(database):
    with request(database, read_only=True), pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        add("a")
