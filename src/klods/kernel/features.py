"""Which features a platform or a vendor has: those of its tier, with single ones given or taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tier:
    """A named set of feature codes."""

    code: str
    name: str
    features: frozenset[str] = NONE
    position: int = 0


@dataclass(frozen=True, slots=True)
class Features:
    """What a platform or a vendor has; without a tier that is everything that was not taken."""

    of_tier: frozenset[str] | None = None
    granted: frozenset[str] = NONE
    withdrawn: frozenset[str] = NONE

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self:
        """From what ``klods.features_of`` says; nothing stored is everything."""
        if stored is None:
            return cls()
        tier = stored["of_tier"]
        of_tier = None if tier is None else frozenset(tier)
        return cls(of_tier, frozenset(stored["granted"]), frozenset(stored["withdrawn"]))

    def has(self, feature: str) -> bool:
        """Whether it has the feature; what was taken counts before what was given."""
        if feature in self.withdrawn:
            return False
        return feature in self.granted or self.of_tier is None or feature in self.of_tier


EVERYTHING = Features()


@dataclass(frozen=True, slots=True)
class OpenFeatures:
    """What is open to somebody: the features of the platform, and of the vendor where one asks."""

    platform: Features = EVERYTHING
    vendor: Features = EVERYTHING
    tiers: tuple[Tier, ...] = field(default=(), repr=False)

    def has(self, feature: str) -> bool:
        """Whether the feature is open: a vendor never has more than its platform."""
        return self.platform.has(feature) and self.vendor.has(feature)

    def tiers_with(self, feature: str) -> tuple[str, ...]:
        """The names of the tiers that have the feature, the lowest first."""
        return tuple(tier.name for tier in in_order(self.tiers) if feature in tier.features)


def in_order(tiers: Iterable[Tier]) -> list[Tier]:
    """The tiers, the lowest first."""
    return sorted(tiers, key=lambda tier: (tier.position, tier.code))
