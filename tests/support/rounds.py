"""How much a long suite does: a little in every run, all of it with `scripts/test --long`; its dice can be thrown again."""

import os
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def rounds(few: int, whole: int) -> int:
    """How many rounds to make now; KLODS_ROUNDS=... says it, so that a long run can be shared among processes."""
    if wanted := os.environ.get("KLODS_ROUNDS"):
        return min(int(wanted), whole)
    return whole if os.environ.get("KLODS_LONG") else few


def dice(name: str) -> random.Random:
    """Random numbers whose seed is printed; KLODS_SEED=... throws the same ones again."""
    seed = os.environ.get("KLODS_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"{name}: replay with KLODS_SEED={seed}")
    return random.Random(f"{name}-{seed}")


def some(everything: Sequence[T], few: int, name: str) -> list[T]:
    """All of it in a long run, otherwise a few picked by the dice."""
    count = min(len(everything), rounds(few, len(everything)))
    return sorted(dice(name).sample(everything, count), key=everything.index)
