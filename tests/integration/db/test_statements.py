"""Plain SQL in a unit: parameters, rows, ids, counts, and what is refused."""

import uuid

import psycopg
import pytest
from psycopg import sql

from klods.db.statements import execute_insert, execute_query, execute_update
from klods.errors import BadParameters, ForbiddenStatement

pytestmark = pytest.mark.usefixtures("scope")


def test_rows_are_dictionaries():
    assert execute_query("select name, hours from card") == [{"name": "first", "hours": 10}]


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("select %s::int + %s::int as sum", [1, 2]),
        ("select %s::int + %s::int as sum", (1, 2)),
        ("select %(a)s::int + %(b)s::int as sum", {"a": 1, "b": 2}),
        ("select %(a)s::int + %(a)s::int + 1 as sum", {"a": 1, "unused": 0}),
    ],
)
def test_parameters_are_given_by_place_or_by_name(statement, params):
    assert execute_query(statement, params) == [{"sum": 3}]


def test_a_percent_sign_without_parameters_is_itself():
    assert execute_query("select name from card where name like 'f%'") == [{"name": "first"}]


def test_a_percent_sign_beside_parameters_is_doubled():
    assert execute_query("select %s::int as n where 'first' like 'f%%'", [1]) == [{"n": 1}]


def test_a_statement_composed_by_psycopg_is_run():
    query = sql.SQL("select {} from card").format(sql.Identifier("name"))
    assert execute_query(query) == [{"name": "first"}]


def test_a_value_is_never_part_of_the_statement():
    execute_insert("insert into card(name) values (%s)", ["'); drop table card; --"])
    assert execute_query("select count(*) as n from card") == [{"n": 2}]


def test_a_statement_without_rows_gives_an_empty_list():
    assert execute_query("update card set hours = 1") == []
    assert execute_query("select * from card where false") == []


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("select %s", [1, 2]),
        ("select %s, %s", [1]),
        ("select %(a)s", {"b": 1}),
        ("select 1", [1]),
        ("select %s", "one"),
        ("select %s", 1),
        ("select %s", None),
        ("select %(name)s", None),
        ("select 5 % 2, %s", [1]),
        ("select %s", [object()]),
    ],
)
def test_parameters_that_do_not_fit_are_named_as_such(statement, params):
    with pytest.raises(BadParameters):
        execute_query(statement, params)


def test_a_dictionary_for_placeholders_without_names_is_not_said_to_be_something_else():
    with pytest.raises(BadParameters, match="positional placeholders"):
        execute_query("select %s", {"a": 1})


def test_wrong_parameters_are_noticed_before_anything_is_sent():
    with pytest.raises(BadParameters):
        execute_query("select %s", [1, 2])
    assert execute_query("select 1 as n") == [{"n": 1}]


def test_an_insert_returns_the_id_of_the_new_row():
    new = execute_insert("insert into card(name) values (%s);  -- done", ["second"])
    assert execute_query("select id from card where name = 'second'") == [{"id": new}]


def test_a_table_without_an_id_answers_with_its_first_column():
    assert execute_insert("insert into word values ('klods', 'block')") == "klods"


def test_a_returning_of_the_statement_is_honoured():
    assert execute_insert("insert into card(name) values ('x') returning name") == "x"
    assert isinstance(execute_insert("insert into card(name) values ('y') returning name, id"), int)


def test_an_insert_of_many_rows_returns_the_id_of_the_first():
    first = execute_insert("insert into card(name) values ('a'), ('b'), ('c')")
    assert execute_query("select name from card where id = %s", [first]) == [{"name": "a"}]


def test_an_insert_that_adds_no_row_returns_none():
    assert execute_insert("insert into card(name) values ('first') on conflict do nothing") is None


def test_an_id_can_be_of_any_type():
    execute_update("create table thing(id uuid default gen_random_uuid(), n int)")
    assert isinstance(execute_insert("insert into thing(n) values (1)"), uuid.UUID)


def test_an_update_returns_how_many_rows_it_changed():
    execute_insert("insert into card(name) values ('second')")
    assert execute_update("update card set hours = hours + 1") == 2
    assert execute_update("delete from card where name = %s", ["nobody"]) == 0
    assert execute_update("create table scratch(n int)") == 0


@pytest.mark.parametrize(
    ("statement", "params"),
    [
        ("select 1; drop table word", None),
        ("select %s; drop table word", [1]),
        ("insert into word values ('a'); drop table word", None),
        ("select 1; commit", None),
    ],
)
@pytest.mark.parametrize("times", [1, 8])
def test_a_second_statement_is_refused_also_when_the_first_is_well_known(statement, params, times, outside):
    for _ in range(times):
        execute_query("select 1")
    with pytest.raises(psycopg.errors.SyntaxError, match="multiple commands"):
        execute_query(statement, params)
    assert outside.ask("select * from word") == []


@pytest.mark.parametrize(
    "statement",
    [
        "commit",
        "/* x */ ; ROLLBACK",
        "begin",
        "savepoint a",
        "release a",
        "set role postgres",
        "SET SESSION AUTHORIZATION postgres",
        "set local statement_timeout = 0",
        "reset all",
        "prepare transaction 'x'",
        "do $$ begin null; end $$",
        "copy card to stdout",
        "declare c cursor with hold for select 1",
        "listen klods",
        "discard all",
    ],
)
def test_control_of_the_transaction_is_refused_and_hurts_nothing(statement):
    with pytest.raises(ForbiddenStatement):
        execute_query(statement)
    assert execute_query("select 1 as n") == [{"n": 1}]


def test_errors_of_the_statement_are_the_drivers_own():
    with pytest.raises(psycopg.errors.UniqueViolation):
        execute_insert("insert into card(name) values ('first')")


def test_a_procedure_cannot_commit(outside):
    outside.ask("create procedure sneaky() language plpgsql as 'begin commit; end'")
    with pytest.raises(psycopg.errors.InvalidTransactionTermination):
        execute_update("call sneaky()")
