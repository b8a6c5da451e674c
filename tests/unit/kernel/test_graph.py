from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.graphs import CODES, any_requires, catalog, ringless_requires

from klods.kernel.graph import closure, dependents, order, ring_text, rings


def definitions(requires):
    return catalog(requires).definitions


def test_what_is_needed_comes_first():
    assert order(definitions({"a": ["b", "c"], "b": ["c"], "c": []}), "abc") == ("c", "b", "a")


def test_the_order_holds_over_modules_that_are_not_asked_for():
    assert order(definitions({"a": ["m"], "m": ["z"], "z": []}), "az") == ("z", "a")


def test_a_code_that_nobody_defines_can_still_be_ordered_and_depended_on():
    found = definitions({"a": ["gone"]})
    assert order(found, ["a", "gone"]) == ("gone", "a")
    assert dependents(found, ["gone"]) == {"gone", "a"}
    assert closure(found, ["a"]) == {"a"}


def test_a_ring_is_shown_from_its_first_code():
    (ring,) = rings(definitions({"b": ["a"], "a": ["c"], "c": ["b"], "d": ["a"]}))
    assert ring_text(ring) == "a → c → b → a"


def test_a_module_that_needs_itself_is_a_ring():
    assert rings(definitions({"a": ["a"]})) == (("a",),)


def test_two_rings_through_one_module_are_two():
    assert rings(definitions({"a": ["b", "c"], "b": ["a"], "c": ["a"]})) == (("a", "b"), ("a", "c"))


def test_a_long_chain_overflows_no_stack():
    codes = [f"m{number:05}" for number in range(5000)]
    found = definitions({code: [after] for code, after in pairwise(codes)} | {codes[-1]: []})
    assert order(found, codes) == tuple(reversed(codes))


@given(ringless_requires(), st.sets(st.sampled_from(CODES)))
def test_the_order_respects_every_requirement(requires, asked):
    line = order(definitions(requires), asked)
    assert set(line) == asked
    for code in asked:
        assert all(line.index(needed) < line.index(code) for needed in requires[code] if needed in asked)


@given(any_requires(), st.sets(st.sampled_from(CODES)))
def test_the_order_loses_nobody_even_in_rings(requires, asked):
    assert sorted(order(definitions(requires), asked)) == sorted(asked)


@given(any_requires())
def test_a_needs_b_exactly_when_b_has_the_dependent_a(requires):
    found = definitions(requires)
    for code in CODES:
        for other in CODES:
            assert (other in closure(found, [code])) == (code in dependents(found, [other]))


@given(any_requires(), st.sets(st.sampled_from(CODES)))
def test_a_closure_is_closed(requires, asked):
    found = definitions(requires)
    whole = closure(found, asked)
    assert asked <= whole == closure(found, whole)
    assert all(set(requires[code]) <= whole for code in whole)


@given(any_requires())
def test_every_edge_that_lies_on_a_ring_is_shown_in_one(requires):
    found = definitions(requires)
    shown = {step for ring in rings(found) for step in zip(ring, (*ring[1:], ring[0]), strict=True)}
    on_rings = {(code, needed) for code in CODES for needed in requires[code] if code in closure(found, [needed])}
    assert shown == on_rings


@given(ringless_requires())
def test_without_rings_none_is_shown(requires):
    assert rings(definitions(requires)) == ()
