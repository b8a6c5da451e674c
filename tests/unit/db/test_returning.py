"""RETURNING is put where it belongs, and only when it is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.db.units.lexing import tokens
from klods.db.units.returning import with_returning


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("insert into t(a) values (%s)", "insert into t(a) values (%s) RETURNING *"),
        ("insert into t(a) values (%s);", "insert into t(a) values (%s) RETURNING *;"),
        ("insert into t(a) values (1) ; -- a note", "insert into t(a) values (1) RETURNING * ; -- a note"),
        ("insert into t values (1) -- ; 'note", "insert into t values (1) RETURNING * -- ; 'note"),
        ("insert into t values ('a -- b') /* end */", "insert into t values ('a -- b') RETURNING * /* end */"),
        ("insert into t values ('returning')", "insert into t values ('returning') RETURNING *"),
        ('insert into t("returning") values (1)', 'insert into t("returning") values (1) RETURNING *'),
        ("insert into t values ($a$ returning ; $a$)", "insert into t values ($a$ returning ; $a$) RETURNING *"),
        ("insert into t values (E'it\\'s;')", "insert into t values (E'it\\'s;') RETURNING *"),
        ("insert into t values (%(returning)s)", "insert into t values (%(returning)s) RETURNING *"),
        (
            "with x as (insert into a values (1) returning id) insert into t select id from x",
            "with x as (insert into a values (1) returning id) insert into t select id from x RETURNING *",
        ),
        ("insert into t default values\n", "insert into t default values RETURNING *\n"),
    ],
)
def test_a_missing_returning_is_put_behind_the_last_word(sql, expected):
    assert with_returning(sql) == expected


@pytest.mark.parametrize(
    "sql",
    ["insert into t values (1) returning id", "insert into t values (1)\nRETURNING a, b ;", "x/**/returning/**/*"],
)
def test_a_returning_that_is_there_is_kept(sql):
    assert with_returning(sql) == sql


@given(st.text(alphabet="ab1 ;'\"$-/*\n%()sE\\", max_size=60))
def test_any_text_is_read_to_its_end_without_losing_a_sign(sql):
    ends = [token.end for token in tokens(sql)]
    assert ends == sorted(set(ends))
    assert all(0 < end <= len(sql) for end in ends)
    assert with_returning(sql).replace(" RETURNING *", "", 1) == sql
