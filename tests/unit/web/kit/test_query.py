import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.datastructures import QueryParams

from klods.errors import InvalidQuery
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.query import read_asked, read_query

COLUMNS = (
    Column("name", finds=True),
    Column("state", choices={"open": "x.open", "done": "x.done"}, filters=True),
    Column("price", kind="number", filters=True),
    Column("day", kind="date", filters=True),
    Column("made", kind="time", sorts=False, filters=True),
    Column("notes", sorts=False, filters=True),
)


def read(address: str):
    asked = read_asked("/items", QueryParams(address).multi_items(), COLUMNS, "")
    return read_query(asked.own, COLUMNS, "-name")


def test_an_address_without_parameters_is_the_first_page_in_the_authors_order():
    query = read("")
    assert (query.sort, query.descending, query.page, query.size, query.filters) == ("name", True, 1, 25, {})


@pytest.mark.parametrize(
    ("address", "parameter", "expected"),
    [
        ("sort=password", "sort", "one of name, state, price, day, or -name for the other way round"),
        ("sort=name;drop table x", "sort", "one of name"),
        ("sort=notes", "sort", "one of name"),
        ("page=0", "page", "a number from 1 to 1000000"),
        ("page=²", "page", "a number"),
        ("page=-1", "page", "a number"),
        ("page=99999999999999999999", "page", "a number"),
        ("size=10000", "size", "25, 50, 100"),
        ("export=pdf", "export", "csv, xlsx"),
        ("state=gone", "state", "open, done"),
        ("price_from=cheap", "price_from", "a number like 12.5"),
        ("price_to=nan", "price_to", "a number like 12.5"),
        ("price_to=1e99", "price_to", "a number like 12.5"),
        ("day_from=31.5.2026", "day_from", "a day like 2026-05-31"),
        ("made_to=9999-12-31", "made_to", "a day like 2026-05-31"),
        ("words=%00", "words", "at most 200 characters of text"),
        ("words=" + "a" * 201, "words", "at most 200 characters of text"),
        ("notes=a%00", "notes", "at most 200 characters of text"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(address, parameter, expected):
    with pytest.raises(InvalidQuery) as refused:
        read(address)
    assert refused.value.data["parameter"] == parameter
    assert refused.value.data["expected"].startswith(expected)


@settings(max_examples=50, deadline=None)
@given(
    some.dictionaries(
        some.sampled_from(["sort", "page", "size", "words", "state", "price_from", "day_to"]), some.text()
    )
)
def test_any_address_is_read_or_refused(parameters):
    try:
        query = read_query({key: value for key, value in parameters.items() if value}, COLUMNS, "name")
    except InvalidQuery:
        return
    assert query.sort in {"name", "state", "price", "day"}
    assert 1 <= query.page <= 1_000_000


def test_a_page_after_the_last_is_the_last():
    assert read("page=9").fitted(60).page == 3
    assert read("page=9").fitted(0).page == 1


def test_links_keep_what_belongs_to_others_and_leave_out_what_is_empty():
    pairs = [("tab", "all"), ("a_page", "2"), ("a_words", "x"), ("b_page", "7")]
    asked = read_asked("/items", pairs, COLUMNS, "a_")
    assert asked.own == {"page": "2", "words": "x"}
    assert asked.link({"page": "", "sort": "-name"}) == "/items?tab=all&b_page=7&a_words=x&a_sort=-name"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Column("Total Price"),
        lambda: Column('x"; drop'),
        lambda: Column("page"),
        lambda: Column("name", kind="colour"),
        lambda: Column("name", link="javascript:alert(1)"),
        lambda: Column("name", link="//evil.test/"),
        lambda: Column("name", tones={"open": "pink"}),
    ],
)
def test_a_column_that_cannot_be_is_refused_where_it_is_declared(wrong):
    with pytest.raises(ValueError, match="column"):
        wrong()


def test_what_stands_in_a_link_is_escaped():
    assert Column("name", link="/shop/{id}").href({"id": "../a?b"}) == "/shop/..%2Fa%3Fb"
