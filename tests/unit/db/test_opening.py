"""What a unit tells PostgreSQL before its first statement."""

import pytest

from klods.db.units.opening import Frame, Opening, set_local


def test_begin_and_all_settings_are_one_text():
    begin = Frame.own(Opening("cards", platform_id=3, statement_seconds=0.5)).begin.decode()
    assert begin.startswith("BEGIN;SET LOCAL statement_timeout = '500';")
    assert "SET LOCAL klods.platform = '3'" in begin


def test_a_read_only_unit_begins_read_only():
    assert b"transaction_read_only = 'on'" in Frame.own(Opening("cards", read_only=True)).begin


def test_a_value_cannot_break_out_of_its_quotes():
    assert set_local({"a": "x'; drop table t; --"}) == b"SET LOCAL a = 'x''; drop table t; --'"


def test_a_platform_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="invalid literal"):
        Frame.own(Opening("cards", platform_id="1'; commit; --"))  # type: ignore[arg-type]


def test_no_limit_is_ever_rounded_to_none():
    assert Opening("cards", statement_seconds=0.0001).settings()["statement_timeout"] == "1"
