"""Cutting SQL texts into statements, only far enough to say which line cannot stand in a migration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.db.migrating.sql_text import statements


def texts(sql: str) -> list[str]:
    return [statement.text for statement in statements(sql)]


@pytest.mark.parametrize(
    "statement",
    [
        "select ';'",
        "select 'it''s; x'",
        r"select E'\'; x'",
        "select $$;$$",
        "select $a$ $$;$$ $a$",
        'select ";"',
        "select 1 -- ;\n",
        "select /* ; /* ; */ ; */ 1",
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end",
        "select 5 * begin_at from t",
    ],
)
def test_semicolons_that_end_nothing_cut_nothing(statement):
    assert len(texts(f"{statement}; select 1;")) == 2


def test_every_statement_knows_the_line_of_its_first_word():
    sql = "-- first\nselect 1;\n\n/* a\nb */ select\n2;; ;\nselect 3"
    assert [statement.line for statement in statements(sql)] == [2, 5, 7]


def test_blanks_and_comments_alone_are_no_statements():
    assert texts(" \n-- x\n/* ; */ ;;") == []


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("commit", True),
        ("END", True),
        ("START transaction", True),
        ("prepare transaction 'x'", True),
        ("prepare x as select 1", False),
        ("copy t from '/tmp/x'", False),
        ("COPY t FROM stdin", True),
        ("\\set x 1", True),
        ("select '\\d'", False),
        ("create table begin_commit(id int)", False),
    ],
)
def test_only_what_the_host_cannot_run_is_refused(statement, refused):
    (found,) = statements(statement)
    assert bool(found.refusal) is refused


@given(st.text(alphabet="'\"$;\\/*-\n aEbegin()", max_size=60))
def test_any_text_can_be_cut_and_nothing_but_blanks_and_comments_is_lost(sql):
    for statement in statements(sql):
        assert statement.text in sql
        assert 1 <= statement.line <= sql.count("\n") + 1
        assert statement.words
