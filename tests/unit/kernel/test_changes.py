"""What several dry units would have changed, as one."""

from hypothesis import given
from hypothesis import strategies as st

from klods.kernel.changes import MOST_ROWS, Changes, Outgoing

COUNTS = st.dictionaries(st.sampled_from("abc"), st.tuples(*[st.integers(0, 9)] * 3))
OUTGOING = st.builds(Outgoing, st.sampled_from(["http", "mail"]), st.just("send"), st.just("to"))
ROWS = st.lists(st.fixed_dictionaries({"n": st.integers()}), max_size=5)
CHANGES = st.builds(Changes, COUNTS, ROWS, st.lists(OUTGOING, max_size=3))


@given(CHANGES, CHANGES)
def test_rows_and_what_goes_out_stand_in_their_order_and_counts_add_up(one, other):
    both = one + other
    assert list(both.rows) == [*one.rows, *other.rows]
    assert list(both.outgoing) == [*one.outgoing, *other.outgoing]
    for table in {*one.counts, *other.counts}:
        for at in range(3):
            total = sum(it.counts.get(table, (0, 0, 0))[at] for it in (one, other))
            assert both.counts[table][at] == total


@given(CHANGES)
def test_nothing_adds_nothing(some):
    assert (some + Changes()).header == (Changes() + some).header == some.header


def test_no_more_rows_are_kept_than_of_one_run():
    many = Changes({"a": (MOST_ROWS, 0, 0)}, [{"n": n} for n in range(MOST_ROWS)])
    assert len((many + many).rows) == MOST_ROWS
    assert (many + many).counts["a"] == (2 * MOST_ROWS, 0, 0)


def test_a_table_with_an_odd_name_forges_nothing_in_a_header():
    odd = Changes({'shop_a\nX-Evil: 1, b=+9~9-9; "æ': (1, 0, 0)})
    assert odd.header == "shop_a%0AX-Evil%3A%201%2C%20b%3D%2B9~9-9%3B%20%22%C3%A6=+1~0-0"
