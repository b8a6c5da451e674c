"""A table finds the same rows in the database as it finds in memory, and what a person types stays a value."""

from datetime import date, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from support.units import conninfo, database, emptied_database, scope

from klods.db.statements import execute_query
from klods.web.asgi_scope import LOCALE
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.table import Table

__all__ = ["conninfo", "database", "emptied_database", "scope"]

pytestmark = pytest.mark.usefixtures("scope")

ITEMS = Table(
    Column("name", finds=True, filters=True),
    Column("state", choices={"open": "Open", "done": "Done"}, filters=True, finds=True),
    Column("price", kind="number", filters=True),
    Column("day", kind="date", filters=True),
    Column("at", kind="time", filters=True),
    Column("paid", kind="flag", filters=True),
    order="name",
)
MAKE = """
create table item(id int, name text, state text, price numeric, day date, at timestamp, paid boolean)
"""
ROWS = [
    {
        "id": number,
        "name": None if number % 11 == 0 else f"{['pear', 'Fig', 'kiwi'][number % 3]} {number % 4}% _{number % 5}",
        "state": (None, "open", "done")[number % 3],
        "price": None if number % 7 == 0 else Decimal(number * 37 % 50) / 4 - 3,
        "day": None if number % 5 == 0 else date(2026, 1 + number % 12, 1 + number % 28),
        "at": None if number % 6 == 0 else datetime(2026, 5, 1 + number % 3, number % 24),
        "paid": (None, True, False)[number % 3],
    }
    for number in range(1, 61)
]
ASKED = [
    {},
    {"sort": "-name", "page": "2"},
    {"sort": "price", "page": "3"},
    {"sort": "-price", "size": "50"},
    {"sort": "day"},
    {"sort": "-at"},
    {"sort": "paid"},
    {"words": "FIG 1%"},
    {"words": "_2 pear"},
    {"words": "'); drop table item; --"},
    {"words": "%s"},
    {"words": "\\"},
    {"name": "3% _"},
    {"name": "КИВИ"},
    {"state": "open", "paid": "yes"},
    {"paid": "no", "sort": "-day"},
    {"price_from": "-1.5", "price_to": "4"},
    {"price_to": "0", "sort": "price"},
    {"day_from": "2026-03-02", "day_to": "2026-09-01"},
    {"at_from": "2026-05-02", "at_to": "2026-05-02"},
    {"page": "1000000"},
    {"export": "csv", "state": "done"},
]


@pytest.fixture(autouse=True)
def items(scope):
    execute_query(MAKE)
    values = [value for row in ROWS for value in row.values()]
    places = ", ".join(["(%s, %s, %s, %s::numeric, %s::date, %s::timestamp, %s::boolean)"] * len(ROWS))
    execute_query(f"insert into item values {places}", values)
    execute_query("insert into item(id, name) values (0, 'КИВИ')")


def asked(parameters, locale="en"):
    query = urlencode(parameters).encode()
    scope = {"type": "http", "path": "/", "query_string": query, "headers": [], "server": ("h", 80), LOCALE: locale}
    return ITEMS.ask(Request(scope))


def seen(listing):
    return [row["id"] for row in listing.rows], listing.total, listing.query.page, listing.pages


def test_the_database_finds_what_memory_finds():
    rows = [*ROWS, {"id": 0, "name": "КИВИ"}]
    stored = {urlencode(each): seen(asked(each).select("select * from item -- all of them")) for each in ASKED}
    assert stored == {urlencode(each): seen(asked(each).among(rows)) for each in ASKED}


@pytest.mark.parametrize("locale", ["en", "da", "ru"])
def test_names_stand_in_the_database_as_the_readers_language_has_them(locale):
    names = [
        "Zoë",
        "ærlig",
        "Østergård",
        "Åse",
        "Aarhus",
        "Abel",
        "Ole",
        "Ödön",
        "Ёлка",
        "ель",
        "Яна",
        "a-b",
        "straße",
        "Ēva",
    ]
    rows = [{"id": number, "name": name} for number, name in enumerate(names)]
    sql = f"values {', '.join(['(%s::int, %s::text)'] * len(rows))}"
    found = asked({}, locale).select(
        f"select * from ({sql}) as known(id, name)", [value for row in rows for value in row.values()]
    )
    assert [row["name"] for row in found.rows] == [row["name"] for row in asked({}, locale).among(rows).rows]


def test_values_of_the_authors_own_statement_come_first():
    found = asked({"words": "fig"}).select("select * from item where price > %s and name like 'Fig%%';", [5])
    assert found.total == len([row for row in ROWS if (row["price"] or 0) > 5 and "Fig" in (row["name"] or "")])
