import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.cli.logs import FORMAT, OneLine


def line_of(message: str, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("shop", logging.ERROR, __file__, 1, "%s failed", (message,), info)
    return OneLine(FORMAT).format(record)


@given(st.text())
def test_one_record_is_one_line_whatever_its_message_holds(text):
    assert len(line_of(text).splitlines()) == 1


def test_what_would_forge_a_record_stands_in_the_one_it_came_with():
    assert line_of("x\n2026-01-01 CRITICAL klods: forged").endswith(
        r"shop: x\n2026-01-01 CRITICAL klods: forged failed"
    )


@pytest.mark.parametrize("scheme", ["https", "postgresql"])
def test_no_account_and_no_value_of_a_query_reaches_the_log(scheme):
    said = line_of(f"Client error for url '{scheme}://ada:secret@example.com/path?token=secret'")
    assert f"'{scheme}://example.com/path?token=***' failed" in said
    assert "secret" not in said


def test_what_only_looks_like_an_address_is_left_alone():
    assert line_of("http://[oops").endswith("http://[oops failed")


def test_words_in_any_language_are_left_alone():
    assert line_of("Blåbærgrød, заявка").endswith("shop: Blåbærgrød, заявка failed")


@pytest.mark.parametrize("text", ["a\nCRITICAL forged", "a\r\x1b[2JCRITICAL forged", "a\u2028CRITICAL forged"])
def test_the_lines_of_a_stack_cannot_be_taken_for_records(text):
    try:
        raise ValueError(text)
    except ValueError:
        error = sys.exc_info()[1]
    first, *rest = line_of("it", error).splitlines()
    assert "it failed" in first
    assert rest
    assert all(line.startswith("  | ") for line in rest)
