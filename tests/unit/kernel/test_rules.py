from hypothesis import given, settings
from hypothesis import strategies as st
from support.rules import (
    enabling_and_disabling_changes_nothing,
    rings_are_named,
    rules_stay_true,
    undoing_gives_the_states_from_before,
)
from support.worlds import CODES, PLATFORMS, World, random_folders, random_world

from klods.kernel.plan import Action

dice = st.randoms(use_true_random=False)


@settings(max_examples=40, deadline=None)
@given(dice)
def test_every_plan_leaves_the_rules_true(dice):
    world = random_world(dice)
    for code in CODES:
        for platform in PLATFORMS:
            for action in (Action.ENABLE, Action.DISABLE, Action.MIGRATE):
                rules_stay_true(world, action, code, platform)


@settings(max_examples=20, deadline=None)
@given(dice)
def test_enabling_a_module_and_disabling_it_changes_nothing(dice):
    world = random_world(dice)
    for code in CODES:
        enabling_and_disabling_changes_nothing(world, code, 1)


@settings(max_examples=20, deadline=None)
@given(dice)
def test_what_was_switched_can_be_switched_back(dice):
    world = random_world(dice)
    for code in CODES:
        for action in (Action.ENABLE, Action.DISABLE):
            undoing_gives_the_states_from_before(world, action, code, 1)


@settings(max_examples=30, deadline=None)
@given(dice)
def test_a_ring_is_always_named(dice):
    nothing_runs = World(random_folders(dice), {}, dict.fromkeys(PLATFORMS, frozenset()))
    for code in CODES:
        rings_are_named(nothing_runs, code)
