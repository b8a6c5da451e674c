"""Tiers and features; works with and without a running server."""

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table, tell

on_option = click.option("--platform", default="default", show_default=True, help="On which platform.")
vendor_option = click.option("--vendor", default="", help="Of a vendor of that platform.")


@click.group()
def tier() -> None:
    """Say which features tiers have, and who has which tier."""


@tier.command("list")
@json_option
def list_tiers(*, as_json: bool) -> None:
    """Show the tiers, the lowest first."""
    from klods.kernel.features import in_order

    with opened() as klods:
        found = in_order(klods.platforms.read().tiers)
    if as_json:
        print_json(found)
    else:
        print_table(("code", "name", "features"), ((one.code, one.name, sorted(one.features)) for one in found))


@tier.command("set")
@click.argument("code")
@click.argument("features", nargs=-1)
@click.option("--name", default="", help="What people read.")
@click.option("--position", default=0, help="Lower tiers come first.")
@json_option
def save(code: str, features: tuple[str, ...], name: str, position: int, *, as_json: bool) -> None:
    """Make a tier, or let it have exactly these features."""
    from klods.cli.switch import actor
    from klods.kernel.features import Tier

    wanted = Tier(code, name or code, frozenset(features), position)
    with opened() as klods:
        klods.tiers.save(wanted, actor=actor())
    tell(f"The tier {code} has: {', '.join(sorted(features)) or 'nothing'}.", wanted, as_json=as_json)


@tier.command()
@click.argument("code")
@json_option
def delete(code: str, *, as_json: bool) -> None:
    """Delete a tier that nobody has."""
    from klods.cli.switch import actor

    with opened() as klods:
        klods.tiers.delete(code, actor=actor())
    tell(f"The tier {code} is deleted.", {"code": code}, as_json=as_json)


@tier.command()
@click.argument("code")
@on_option
@vendor_option
@json_option
def give(code: str, platform: str, vendor: str, *, as_json: bool) -> None:
    """Give a platform or a vendor a tier; an empty CODE takes it away."""
    from klods.cli.switch import actor

    with opened() as klods:
        found = klods.platforms.read().find(platform)
        if vendor:
            klods.vendors.set_tier(klods.vendors.find(vendor, found.id), code)
        else:
            klods.platforms.set_tier(found, code, actor=actor())
    tell(f"{vendor or platform} has the tier {code or '(none)'}.", {"tier": code}, as_json=as_json)


@click.group()
def feature() -> None:
    """Give single features beside a tier, or take them."""


@feature.command("list")
@on_option
@vendor_option
@json_option
def list_features(platform: str, vendor: str, *, as_json: bool) -> None:
    """Show every feature that a module declares, and whether it is open."""
    from klods.kernel.features import EVERYTHING, OpenFeatures

    with opened() as klods:
        platforms = klods.platforms.read()
        found = platforms.find(platform)
        mine = klods.vendors.features(klods.vendors.find(vendor, found.id)) if vendor else EVERYTHING
        offer = OpenFeatures(found.features, mine, platforms.tiers)
        known = sorted((code, it.name) for it in klods.catalog().definitions.values() for code in it.features)
    rows = [(code, name, offer.has(code), offer.tiers_with(code)) for code, name in known]
    if as_json:
        print_json([dict(zip(("feature", "module", "is_open", "tiers"), row, strict=True)) for row in rows])
    else:
        cells = ((code, name, "open" if is_open else "closed", tiers) for code, name, is_open, tiers in rows)
        print_table(("feature", "module", "state", "tiers"), cells)


@feature.command("grant")
@click.argument("code")
@on_option
@vendor_option
@json_option
def grant(code: str, platform: str, vendor: str, *, as_json: bool) -> None:
    """Open a feature, whatever the tier says."""
    _decide(code, platform, vendor, granted=True, as_json=as_json)


@feature.command("withdraw")
@click.argument("code")
@on_option
@vendor_option
@json_option
def withdraw(code: str, platform: str, vendor: str, *, as_json: bool) -> None:
    """Close a feature, whatever the tier says."""
    _decide(code, platform, vendor, granted=False, as_json=as_json)


@feature.command("reset")
@click.argument("code")
@on_option
@vendor_option
@json_option
def reset(code: str, platform: str, vendor: str, *, as_json: bool) -> None:
    """Leave a feature to the tier again."""
    _decide(code, platform, vendor, granted=None, as_json=as_json)


def _decide(code: str, platform: str, vendor: str, *, granted: bool | None, as_json: bool) -> None:
    from klods.cli.switch import actor

    with opened() as klods:
        found = klods.platforms.read().find(platform)
        vendor_id = klods.vendors.find(vendor, found.id).id if vendor else None
        klods.tiers.decide(code, granted=granted, platform_id=found.id, vendor_id=vendor_id, actor=actor())
    words = {True: "open", False: "closed", None: "as the tier says"}[granted]
    tell(f"{code} is {words} for {vendor or platform}.", {"feature": code, "granted": granted}, as_json=as_json)
