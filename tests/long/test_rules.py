"""Ten thousand random hubs: whatever is planned in them, the rules between modules hold afterwards."""

from collections import Counter
from random import Random

from support.rounds import dice, rounds
from support.rules import (
    enabling_and_disabling_changes_nothing,
    rings_are_named,
    rules_stay_true,
    undoing_gives_the_states_from_before,
)
from support.worlds import CODES, PLATFORMS, random_world

from klods.kernel.plan import Action

SHARE_THAT_COUNTS = 40
"""One in so many random hubs must be a case of its kind, or the test says little."""


def test_ten_thousand_random_hubs_keep_the_rules():
    seeds, seen = dice("rules"), Counter()
    for _ in range(rounds(few=100, whole=10_000)):
        seed = seeds.randrange(2**32)
        try:
            one_hub(Random(seed), seen)
        except AssertionError as error:
            error.add_note(f"in the hub random_world(Random({seed}))")
            raise
    print(dict(seen))
    assert min(seen["there and back"], seen["ring"], seen["undone"]) > seen["hubs"] // SHARE_THAT_COUNTS


def one_hub(random: Random, seen: Counter) -> None:
    world = random_world(random)
    code, platform = random.choice(CODES), random.choice(PLATFORMS)
    for action in (Action.ENABLE, Action.DISABLE, Action.MIGRATE):
        rules_stay_true(world, action, code, platform)
        seen["undone"] += undoing_gives_the_states_from_before(world, action, code, platform)
    seen["hubs"] += 1
    seen["there and back"] += enabling_and_disabling_changes_nothing(world, code, platform)
    seen["ring"] += rings_are_named(world, code)
