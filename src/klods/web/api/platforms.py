"""The API for platforms, vendors, tiers and features."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from klods.kernel.features import Tier
from klods.web.administration.platforms import Looking, OfFeatures, OfPlatforms, OfVendors
from klods.web.api.platform_models import (
    DecisionIn,
    FeatureOut,
    PlatformChangeIn,
    PlatformIn,
    PlatformOut,
    TierIn,
    TierOfIn,
    TierOut,
    VendorChangeIn,
    VendorIn,
    VendorOut,
)
from klods.web.api.refusals import REFUSALS
from klods.web.storable import PLAIN

router = APIRouter(prefix="/api/v1", responses=REFUSALS)

Code = Annotated[str, Path(max_length=40, pattern=PLAIN)]
Domain = Annotated[str, Path(max_length=300, pattern=PLAIN)]


@router.get("/platforms", tags=["platforms"], operation_id="list_platforms")
def list_platforms(admin: Looking) -> list[PlatformOut]:
    """Every platform, or yours alone if your account is for one."""
    return [PlatformOut.of(platform) for platform in admin.platforms()]


@router.post("/platforms", tags=["platforms"], operation_id="create_platform", status_code=201)
def create_platform(wanted: PlatformIn, admin: OfPlatforms) -> PlatformOut:
    """Make a platform; with several of them each needs a domain name."""
    return PlatformOut.of(admin.create(wanted.code, wanted.name, wanted.domains))


@router.patch("/platforms/{code}", tags=["platforms"], operation_id="change_platform")
def change_platform(code: Code, wanted: PlatformChangeIn, admin: OfPlatforms) -> PlatformOut:
    """Give a platform another name or language."""
    return PlatformOut.of(admin.change(code, name=wanted.name, locale=wanted.locale))


@router.post("/platforms/{code}/archive", tags=["platforms"], operation_id="archive_platform")
def archive_platform(code: Code, admin: OfPlatforms) -> PlatformOut:
    """Close a platform: nobody reaches it any more, and its data stays."""
    return PlatformOut.of(admin.archive(code))


@router.post("/platforms/{code}/restore", tags=["platforms"], operation_id="restore_platform")
def restore_platform(code: Code, admin: OfPlatforms) -> PlatformOut:
    """Open an archived platform again."""
    return PlatformOut.of(admin.restore(code))


@router.put("/platforms/{code}/domains/{domain}", tags=["platforms"], operation_id="add_domain")
def add_domain(code: Code, domain: Domain, admin: OfPlatforms) -> PlatformOut:
    """Let a host name lead to a platform."""
    return PlatformOut.of(admin.add_domain(code, domain))


@router.delete("/platforms/{code}/domains/{domain}", tags=["platforms"], operation_id="remove_domain")
def remove_domain(code: Code, domain: Domain, admin: OfPlatforms) -> PlatformOut:
    """Let a host name lead to a platform no longer."""
    return PlatformOut.of(admin.remove_domain(code, domain))


@router.put("/platforms/{code}/tier", tags=["features"], operation_id="set_tier_of_platform")
def set_tier_of_platform(code: Code, wanted: TierOfIn, admin: OfPlatforms) -> PlatformOut:
    """Give a platform the features of a tier."""
    return PlatformOut.of(admin.set_tier(code, wanted.tier))


@router.get("/vendors", tags=["vendors"], operation_id="list_vendors")
def list_vendors(admin: OfVendors) -> list[VendorOut]:
    """The vendors of your platform."""
    return [VendorOut.of(vendor) for vendor in admin.vendors()]


@router.post("/vendors", tags=["vendors"], operation_id="create_vendor", status_code=201)
def create_vendor(wanted: VendorIn, admin: OfVendors) -> VendorOut:
    """Make a vendor on your platform."""
    return VendorOut.of(admin.create_vendor(wanted.code, wanted.name))


@router.patch("/vendors/{code}", tags=["vendors"], operation_id="change_vendor")
def change_vendor(code: Code, wanted: VendorChangeIn, admin: OfVendors) -> VendorOut:
    """Give a vendor another name or tier."""
    return VendorOut.of(admin.change_vendor(code, name=wanted.name, tier=wanted.tier))


@router.post("/vendors/{code}/archive", tags=["vendors"], operation_id="archive_vendor")
def archive_vendor(code: Code, admin: OfVendors) -> VendorOut:
    """Close a vendor: its people cannot come in any more, and its data stays."""
    return VendorOut.of(admin.archive_vendor(code))


@router.post("/vendors/{code}/restore", tags=["vendors"], operation_id="restore_vendor")
def restore_vendor(code: Code, admin: OfVendors) -> VendorOut:
    """Let the people of an archived vendor come in again."""
    return VendorOut.of(admin.restore_vendor(code))


@router.get("/features", tags=["features"], operation_id="list_features")
def list_features(
    admin: OfFeatures,
    vendor: Annotated[str, Query(max_length=40, pattern=PLAIN, description="as a vendor has them")] = "",
) -> list[FeatureOut]:
    """Every feature of a module, and whether it is open on your platform."""
    offer = admin.offer(vendor)
    return [
        FeatureOut(code=code, module=module, is_open=offer.has(code), tiers=list(offer.tiers_with(code)))
        for code, module in admin.features().items()
    ]


@router.get("/features/tiers", tags=["features"], operation_id="list_tiers")
def list_tiers(admin: OfFeatures) -> list[TierOut]:
    """The tiers, the lowest first."""
    return [TierOut.of(tier) for tier in admin.tiers()]


@router.put("/features/tiers/{code}", tags=["features"], operation_id="save_tier")
def save_tier(code: Code, wanted: TierIn, admin: OfFeatures) -> TierOut:
    """Make a tier, or replace what it has."""
    tier = Tier(code, wanted.name or code, frozenset(wanted.features), wanted.position)
    admin.save_tier(tier)
    return TierOut.of(tier)


@router.delete("/features/tiers/{code}", tags=["features"], operation_id="delete_tier", status_code=204)
def delete_tier(code: Code, admin: OfFeatures) -> None:
    """Delete a tier that no platform and no vendor has."""
    admin.delete_tier(code)


@router.put("/features/{feature}", tags=["features"], operation_id="decide_feature", status_code=204)
def decide_feature(
    feature: Annotated[str, Path(max_length=100, pattern=PLAIN)], wanted: DecisionIn, admin: OfFeatures
) -> None:
    """Give or take one feature beside the tier, of your platform or of a vendor on it."""
    admin.decide(feature, granted=wanted.granted, vendor=wanted.vendor)
