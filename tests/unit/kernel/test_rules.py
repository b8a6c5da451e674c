from hypothesis import given, settings
from hypothesis import strategies as st
from support.rules import (
    enabling_and_disabling_changes_nothing,
    rings_are_named,
    rules_stay_true,
    undoing_gives_the_states_from_before,
)
from support.worlds import CODES, PLATFORMS, World, definitions, worlds

from klods.kernel.plan import Action

code, platform = st.sampled_from(CODES), st.sampled_from(PLATFORMS)
switching = st.sampled_from([Action.ENABLE, Action.ENABLE, Action.DISABLE])


@settings(max_examples=100)
@given(worlds(), switching, code, platform)
def test_every_plan_leaves_the_rules_true(world, action, code, platform):
    rules_stay_true(world, action, code, platform)


@settings(max_examples=60)
@given(worlds(), code, platform)
def test_enabling_a_module_and_disabling_it_changes_nothing(world, code, platform):
    enabling_and_disabling_changes_nothing(world, code, platform)


@settings(max_examples=60)
@given(worlds(), switching, code, platform)
def test_what_was_switched_can_be_switched_back(world, action, code, platform):
    undoing_gives_the_states_from_before(world, action, code, platform)


@settings(max_examples=40)
@given(st.fixed_dictionaries({code: definitions(code) for code in CODES}), code)
def test_a_ring_is_always_named(folders, code):
    rings_are_named(World(folders, {}, dict.fromkeys(PLATFORMS, frozenset())), code)
