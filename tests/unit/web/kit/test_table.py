"""Tables on lists in memory, and the addresses that lead through them."""

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.requests import Request

from klods.errors import InvalidQuery, TooManyRows
from klods.web.pages.kit import table as table_module
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.export import cells, defused, write_csv, write_xlsx
from klods.web.pages.kit.table import Table

ITEMS = Table(
    Column("name", "Name", finds=True),
    Column("state", "State", choices={"open": "Open", "done": "Done"}, filters=True),
    Column("price", "Price", kind="number", filters=True),
    Column("at", "At", kind="time", filters=True),
    Column("paid", "Paid", kind="flag", filters=True),
    order="name",
)
ROWS = [
    {"id": 1, "name": "pear", "state": "open", "price": Decimal("2.5"), "at": datetime(2026, 5, 1, 9), "paid": True},
    {"id": 2, "name": "Apple", "state": "done", "price": None, "at": datetime(2026, 5, 2, 23, 59), "paid": False},
    {"id": 3, "name": "fig", "state": "open", "price": Decimal(-1), "at": None, "paid": None},
    {"id": 4, "name": None, "state": None, "price": Decimal("2.5"), "at": datetime(2026, 5, 3), "paid": True},
]


def listed(query="", rows=ROWS, table=ITEMS):
    request = Request({"type": "http", "path": "/items", "query_string": query.encode(), "headers": [], "scheme": "http", "server": ("h", 80)})  # fmt: skip
    return table.ask(request).among(rows)


def ids(query, rows=ROWS):
    return [row["id"] for row in listed(query, rows).rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [2, 3, 1, 4]),
        ("sort=-name", [1, 3, 2, 4]),
        ("sort=price", [3, 1, 4, 2]),
        ("sort=-price", [1, 4, 3, 2]),
        ("words=A+P", [2, 1]),
        ("words=zebra", []),
        ("state=open", [3, 1]),
        ("paid=no", [2]),
        ("price_from=0", [1, 4]),
        ("price_from=-1&price_to=0", [3]),
        ("price_to=2,5", [3, 1, 4]),
        ("at_to=2026-05-02", [2, 1]),
        ("at_from=2026-05-02", [2, 4]),
    ],
)
def test_rows_are_found_filtered_and_sorted_and_what_holds_nothing_comes_last(query, found):
    assert ids(query) == found


@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 50, 101])
def test_the_pages_together_hold_every_row_once(count):
    rows = [{"id": number, "name": str(number % 7)} for number in range(count)]
    seen = [row["id"] for turn in range(1, listed("", rows).pages + 1) for row in listed(f"page={turn}", rows).rows]
    assert sorted(seen) == list(range(count))
    assert listed("page=1000000", rows).span[1] == count


def test_a_heading_sorts_and_sorts_the_other_way_round():
    name, price = ITEMS.columns[0], ITEMS.columns[2]
    assert listed("page=3").sort_link(price) == "/items?sort=price"
    assert listed("sort=price").sort_link(price) == "/items?sort=-price"
    assert (listed("").sorted_by(name), listed("sort=-name").sorted_by(name)) == ("ascending", "descending")


def test_a_filter_can_be_taken_off_by_itself_and_all_at_once():
    items = listed("state=open&price_from=1&words=p&sort=price")
    assert items.without(ITEMS.columns[2]) == "/items?state=open&words=p&sort=price"
    assert items.cleared == "/items?sort=price"


def test_a_table_that_is_sorted_by_nothing_it_has_is_refused_where_it_is_declared():
    with pytest.raises(InvalidQuery):
        Table(Column("name"), order="price")


def test_an_export_holds_all_pages_and_more_than_a_file_takes_is_refused(monkeypatch):
    rows = [{"id": number, "name": str(number)} for number in range(200)]
    assert len(listed("export=csv", rows).rows) == 200
    monkeypatch.setattr(table_module, "MOST_EXPORTED", 100)
    with pytest.raises(TooManyRows):
        listed("export=csv", rows)
    assert listed("", rows).total == 200


def written(write, rows=ROWS):
    file = io.BytesIO()
    write(file, [column.label for column in ITEMS.columns], cells(ITEMS.columns, rows, lambda key: key))
    return file.getvalue()


def test_a_csv_file_says_that_it_is_utf_8_and_holds_words_for_choices():
    text = written(write_csv)
    assert text.startswith(b"\xef\xbb\xbf")
    head, first, second, *_ = csv.reader(io.StringIO(text.decode("utf-8-sig")))
    assert head == ["Name", "State", "Price", "At", "Paid"]
    assert first == ["pear", "Open", "2.5", "2026-05-01 09:00", "kit.yes"]
    assert second[2] == ""


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_text_of_a_csv_file_can_be_run_as_a_formula(begins):
    row = {"name": f"{begins}cmd|' /C calc'!A0"}
    text = written(write_csv, [row]).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text, newline=""), strict=True)) == ["Name", "State", "Price", "At", "Paid"]
    assert f"'{begins}cmd" in text


@pytest.mark.parametrize("text", ["a;=1+1", 'a;"=1+1', "a\n=1+1", "a\t@x", "a; +1", " =1+1"])
def test_no_part_of_a_text_can_be_run_where_spreadsheets_part_cells_at_semicolons(text):
    assert not any(re.match(r"[\s\"]*[=+\-@]", part) for part in re.split(r"[;\t\r\n]", defused(text)))


def test_a_heading_is_defused_too():
    assert defused("=1+1") == "'=1+1"


@settings(max_examples=50, deadline=None)
@given(some.text())
def test_a_defused_text_begins_with_nothing_that_runs_and_holds_what_it_held(text):
    assert defused(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}
    assert defused(text).replace("'", "") == text.replace("'", "")


def test_a_workbook_holds_numbers_as_numbers_and_formulas_as_texts():
    rows = [
        {"name": "=1+1\x00", "price": Decimal("2.5"), "at": datetime(2026, 5, 1, tzinfo=UTC)},
        {"at": date(1800, 1, 1)},
    ]
    with zipfile.ZipFile(io.BytesIO(written(write_xlsx, rows))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1\N{REPLACEMENT CHARACTER}" in sheet
    assert "<v>2.5</v>" in sheet
    assert "1800-01-01" in sheet
