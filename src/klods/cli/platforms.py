"""Platforms and the vendors on them; works with and without a running server."""

from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.kernel.platforms import Platform

on_option = click.option("--platform", default="default", show_default=True, help="On which platform.")


@click.group()
def platform() -> None:
    """Create, rename and archive platforms, and say which host names lead there."""


@platform.command("list")
@json_option
def list_platforms(*, as_json: bool) -> None:
    """Show all platforms."""
    with opened() as klods:
        found = list(klods.platforms.read())
    if as_json:
        print_json([_data(one) for one in found])
    else:
        cells = (
            (one.id, one.code, one.name, one.domains, one.locale, one.tier, "archived" if one.is_archived else "")
            for one in found
        )
        print_table(("number", "code", "name", "domains", "language", "tier", ""), cells)


@platform.command()
@click.argument("code")
@click.option("--name", default="", help="What people read.")
@click.option("--domain", "domains", multiple=True, help="A host name that leads there; may be given several times.")
@json_option
def create(code: str, name: str, domains: tuple[str, ...], *, as_json: bool) -> None:
    """Make a platform; as soon as there are several, each needs a host name."""
    from klods.cli.switch import actor

    with opened() as klods:
        made = klods.platforms.create(code, name, domains, actor=actor())
    tell(
        f"The platform {code} is open at {', '.join(made.domains) or 'every host name'}.", _data(made), as_json=as_json
    )


@platform.command()
@click.argument("code")
@click.option("--name", help="What people read.")
@click.option("--language", help="For people who have chosen none: en, da or ru; empty for that of their browser.")
@json_option
def change(code: str, name: str | None, language: str | None, *, as_json: bool) -> None:
    """Give a platform another name or language."""
    from klods.cli.switch import actor

    with opened() as klods:
        klods.platforms.change(klods.platforms.read().find(code), name=name, locale=language, actor=actor())
        changed = klods.platforms.read().find(code)
    tell(f"The platform {changed.code} is called {changed.name}.", _data(changed), as_json=as_json)


@platform.command()
@click.argument("code")
@json_option
def archive(code: str, *, as_json: bool) -> None:
    """Close a platform: nobody reaches it any more, and its data stays."""
    from klods.cli.switch import actor

    with opened() as klods:
        klods.platforms.archive(klods.platforms.read().find(code), actor=actor())
    tell(f"The platform {code} is closed; `klods platform restore {code}` opens it.", {"code": code}, as_json=as_json)


@platform.command()
@click.argument("code")
@json_option
def restore(code: str, *, as_json: bool) -> None:
    """Open an archived platform again."""
    from klods.cli.switch import actor

    with opened() as klods:
        klods.platforms.restore(klods.platforms.read().find(code), actor=actor())
    tell(f"The platform {code} is open again.", {"code": code}, as_json=as_json)


@platform.command("add-domain")
@click.argument("code")
@click.argument("domain")
@json_option
def add_domain(code: str, domain: str, *, as_json: bool) -> None:
    """Let a host name lead to a platform."""
    from klods.cli.switch import actor

    with opened() as klods:
        klods.platforms.add_domain(klods.platforms.read().find(code), domain, actor=actor())
        changed = klods.platforms.read().find(code)
    tell(f"To {code} lead {', '.join(changed.domains)}.", _data(changed), as_json=as_json)


@platform.command("remove-domain")
@click.argument("code")
@click.argument("domain")
@json_option
def remove_domain(code: str, domain: str, *, as_json: bool) -> None:
    """Let a host name lead to a platform no longer."""
    from klods.cli.switch import actor

    with opened() as klods:
        klods.platforms.remove_domain(klods.platforms.read().find(code), domain, actor=actor())
        changed = klods.platforms.read().find(code)
    tell(f"To {code} lead {', '.join(changed.domains) or 'no host names'}.", _data(changed), as_json=as_json)


@click.group()
def vendor() -> None:
    """Create, rename and archive the vendors of a platform."""


@vendor.command("list")
@on_option
@json_option
def list_vendors(platform: str, *, as_json: bool) -> None:
    """Show the vendors of a platform."""
    with opened() as klods:
        found = klods.vendors.all(klods.platforms.read().find(platform).id)
    if as_json:
        print_json(found)
    else:
        cells = ((one.code, one.name, one.tier, "archived" if one.is_archived else "") for one in found)
        print_table(("code", "name", "tier", ""), cells)


@vendor.command("create")
@click.argument("code")
@click.option("--name", default="", help="What people read.")
@on_option
@json_option
def create_vendor(code: str, name: str, platform: str, *, as_json: bool) -> None:
    """Make a vendor."""
    with opened() as klods:
        made = klods.vendors.create(code, name, klods.platforms.read().find(platform).id)
    tell(f"The vendor {code} is on {platform}.", made, as_json=as_json)


@vendor.command("archive")
@click.argument("code")
@on_option
@json_option
def archive_vendor(code: str, platform: str, *, as_json: bool) -> None:
    """Close a vendor: its people cannot come in any more, and its data stays."""
    with opened() as klods:
        klods.vendors.archive(klods.vendors.find(code, klods.platforms.read().find(platform).id))
    tell(f"The vendor {code} is closed.", {"code": code}, as_json=as_json)


@vendor.command("restore")
@click.argument("code")
@on_option
@json_option
def restore_vendor(code: str, platform: str, *, as_json: bool) -> None:
    """Let the people of a vendor come in again."""
    with opened() as klods:
        klods.vendors.restore(klods.vendors.find(code, klods.platforms.read().find(platform).id))
    tell(f"The vendor {code} is open again.", {"code": code}, as_json=as_json)


def _data(one: "Platform") -> dict[str, object]:
    return {
        "id": one.id,
        "code": one.code,
        "name": one.name,
        "domains": list(one.domains),
        "locale": one.locale,
        "tier": one.tier,
        "is_archived": one.is_archived,
    }
