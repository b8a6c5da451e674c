"""Ten thousand random hubs: whatever is planned in them, the rules between modules hold afterwards."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rounds import rounds
from support.rules import (
    enabling_and_disabling_changes_nothing,
    rings_are_named,
    rules_stay_true,
    undoing_gives_the_states_from_before,
)
from support.worlds import CODES, PLATFORMS, worlds

from klods.kernel.plan import Action

SHARE_THAT_COUNTS = 20
"""One in so many random hubs must be a case of its kind, or the test says little."""


def test_ten_thousand_random_hubs_keep_the_rules():
    seen: Counter[str] = Counter()

    @settings(
        max_examples=rounds(few=100, whole=10_000),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(worlds(), st.sampled_from(CODES), st.sampled_from(PLATFORMS))
    def case(world, code, platform):
        for action in (Action.ENABLE, Action.DISABLE, Action.MIGRATE):
            rules_stay_true(world, action, code, platform)
            seen["undone"] += undoing_gives_the_states_from_before(world, action, code, platform)
        seen["all"] += 1
        seen["there and back"] += enabling_and_disabling_changes_nothing(world, code, platform)
        seen["ring"] += rings_are_named(world, code)

    case()
    print(dict(seen))
    assert min(seen["there and back"], seen["ring"], seen["undone"]) > seen["all"] // SHARE_THAT_COUNTS
