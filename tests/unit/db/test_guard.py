"""Which statements are refused before they are sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.db.units.guard import FORBIDDEN, first_keyword, refuse_control, refuse_ending
from klods.errors import ForbiddenStatement

BLANKS = st.lists(
    st.sampled_from(
        [" ", "\n", "\t", ";", "-- a note\n", "/* note */", "/* a /* nested */ note */", "/*;*/", "-- '\n"]
    ),
    max_size=6,
).map("".join)
MIXED_CASE = st.booleans().map(lambda upper: str.upper if upper else str.lower)


@given(BLANKS, st.sampled_from(sorted(FORBIDDEN)), MIXED_CASE)
def test_no_blank_comment_or_empty_statement_hides_a_forbidden_keyword(blank, keyword, case):
    with pytest.raises(ForbiddenStatement) as refusal:
        refuse_control(f"{blank}{case(keyword)} something")
    assert refusal.value.data["keyword"] == keyword.upper()


@given(BLANKS)
def test_the_first_keyword_is_found_behind_blanks_and_comments(blank):
    assert first_keyword(f"{blank}Select 1") == "select"


@pytest.mark.parametrize(
    "sql",
    [
        "select 'commit'",
        "update t set committed = true",
        "commitment",
        'select "rollback" from t',
        "with x as (select 1) select * from x",
        "(select 1)",
        "lock table t",
        "insert into t values ('; commit')",
        "",
        "/* never closed commit",
        "-- commit",
    ],
)
def test_what_only_looks_like_control_is_let_through(sql):
    refuse_control(sql)
    refuse_ending(sql)


def test_a_refusal_says_what_to_do_instead():
    with pytest.raises(ForbiddenStatement) as refusal:
        refuse_control("savepoint a")
    assert "klods.savepoint()" in refusal.value.advice


@pytest.mark.parametrize(
    "sql",
    [
        "create table a(); commit",
        "select 1; /* x */ ROLLBACK; select 2",
        "commit and chain",
        "select ';'; end",
        "do $$ begin commit; end $$; abort",
    ],
)
def test_an_end_of_the_transaction_is_found_behind_other_statements(sql):
    with pytest.raises(ForbiddenStatement):
        refuse_ending(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "do $$ begin perform 1; end $$",
        "create function f() returns int language sql begin atomic select case when true then 1 end; select 2; end",
        "set local lock_timeout = '1s'; create table a()",
        "create function g() returns void language plpgsql as 'begin; end'",
    ],
)
def test_a_migration_may_have_blocks_functions_and_settings(sql):
    refuse_ending(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select set_config('search_path', 'nowhere', false)",
        "select set_config('statement_timeout', %s, %s)",
        "select \"set_config\" ('role', 'none', f(true, 1))",
        "with x as (select pg_catalog.SET_CONFIG('role', (select 'a'), false)) select 1",
        "select pg_advisory_lock(1)",
        "select pg_try_advisory_lock_shared (1, 2)",
        "create temp table shop_item(id int)",
        "create or replace temporary view a as select 1",
        "create local temporary table a as select 1",
        "create table pg_temp.a(id int)",
        "select 1 as n into temp a",
        "create temp table a(id int) on commit drop",
        "select set_config('klods.note', 'a', true)",
        "update pg_settings set setting = 'none' where name = 'role'",
        "update pg_catalog.pg_settings set setting = 'none' where name = 'role'",
        "update only pg_settings set setting = 'none'",
        "select U&\"set\\005fconfig\"('role', 'none', true)",
        "select pg_notify('klods', 'x')",
        "notify klods",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
        "select query_to_xml('select set_config(''role'', ''none'', true)', true, true, '')",
        "select * from ts_stat('select set_config(''role'', ''none'', true)::tsvector')",
    ],
)
def test_what_would_reach_beyond_the_unit_is_refused(sql):
    with pytest.raises(ForbiddenStatement):
        refuse_control(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select max(set_config) as set_config from t",
        "select pg_advisory_xact_lock(1)",
        "select name, setting from pg_settings",
        "select lo_price from t",
        "select 'U&', u & 3 from t where u&1 = 1",
        "insert into t values ('pg_advisory_lock(1)', 'create temp table a')",
        "select temp, temporary from weather_day where temp > 3",
        "insert into temp values (1)",
    ],
)
def test_what_stays_within_the_unit_is_let_through(sql):
    refuse_control(sql)
