"""The shapes of the API for platforms, vendors, tiers and features."""

from typing import Annotated, Self

from pydantic import Field

from klods.db.tenants.vendors import Vendor
from klods.kernel.features import Tier
from klods.kernel.platforms import Platform
from klods.web.api.module_models import Shape
from klods.web.api.people_models import Code, Language, Text


class PlatformIn(Shape):
    """A platform that is to be made."""

    code: Code
    name: Text = ""
    domains: Annotated[list[Text], Field(max_length=50, default_factory=list, description="host names that lead there")]


class PlatformChangeIn(Shape):
    """What is to change about a platform; what is not given stays."""

    name: Text | None = None
    locale: Language | None = None


class TierOfIn(Shape):
    """The tier that a platform or a vendor is to have."""

    tier: Annotated[Text, Field(description="its code; empty for none, which is every feature")]


class PlatformOut(Shape):
    """One tenant of the hub."""

    code: str
    name: str
    domains: list[str]
    locale: str
    tier: str
    is_archived: bool

    @classmethod
    def of(cls, platform: Platform) -> Self:
        """The platform as it may be shown."""
        return cls(
            code=platform.code,
            name=platform.name,
            domains=list(platform.domains),
            locale=platform.locale,
            tier=platform.tier,
            is_archived=platform.is_archived,
        )


class VendorIn(Shape):
    """A vendor that is to be made."""

    code: Code
    name: Text = ""


class VendorChangeIn(Shape):
    """What is to change about a vendor; what is not given stays."""

    name: Text | None = None
    tier: Annotated[Text | None, Field(description="its code; empty for none, which is all that the platform has")] = (
        None
    )


class VendorOut(Shape):
    """A company that works on your platform with accounts of its own."""

    code: str
    name: str
    tier: str
    is_archived: bool

    @classmethod
    def of(cls, vendor: Vendor) -> Self:
        """The vendor as it may be shown."""
        return cls(code=vendor.code, name=vendor.name, tier=vendor.tier, is_archived=vendor.is_archived)


Features = Annotated[list[Code], Field(max_length=1000)]


class TierIn(Shape):
    """What a tier is to be called and to have."""

    name: Text = ""
    features: Features = Field(default_factory=list)
    position: Annotated[int, Field(ge=0, le=10_000, description="lower tiers come first")] = 0


class TierOut(Shape):
    """A named set of features."""

    code: str
    name: str
    features: list[str]
    position: int

    @classmethod
    def of(cls, tier: Tier) -> Self:
        """The tier as it may be shown."""
        return cls(code=tier.code, name=tier.name, features=sorted(tier.features), position=tier.position)


class DecisionIn(Shape):
    """Whether a feature is given or taken beside the tier."""

    granted: Annotated[bool | None, Field(description="null leaves it to the tier again")]
    vendor: Annotated[Text, Field(description="the code of a vendor; empty for the platform itself")] = ""


class FeatureOut(Shape):
    """A feature of a module, and whether it is open."""

    code: str
    module: str
    is_open: bool
    tiers: Annotated[list[str], Field(description="the tiers that have it")]
