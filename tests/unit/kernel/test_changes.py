"""What several dry units would have changed, as one."""

from hypothesis import given
from hypothesis import strategies as st

from klods.kernel.changes import MOST_ROWS, Changes

COUNTS = st.dictionaries(st.sampled_from("abc"), st.tuples(*[st.integers(0, 9)] * 3))
CHANGES = st.builds(Changes, COUNTS, st.lists(st.fixed_dictionaries({"n": st.integers()}), max_size=5))


@given(CHANGES, CHANGES)
def test_rows_stand_in_their_order_and_counts_add_up(one, other):
    both = one + other
    assert list(both.rows) == [*one.rows, *other.rows]
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
