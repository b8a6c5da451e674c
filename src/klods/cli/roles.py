"""Roles: what people may do; works with and without a running server."""

from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.bootstrap import Klods

platform_option = click.option(
    "--platform", default="", help="The only platform on which it counts; else it counts on all."
)
permission_option = click.option(
    "--permission", "permissions", multiple=True, help="A code, `customers.*`, or `*`; may be given several times."
)


@click.group()
def role() -> None:
    """Create, change and list roles and the permissions there are."""


@role.command("list")
@click.option("--platform", default="default", show_default=True, help="On which platform.")
@json_option
def list_roles(platform: str, *, as_json: bool) -> None:
    """Show the roles that count on a platform."""
    with opened() as klods:
        roles = klods.people.roles.all(klods.platforms.read().find(platform).id)
    if as_json:
        print_json(roles)
    else:
        cells = ((one.code, one.name, one.kind, one.permissions, one.people) for one in roles)
        print_table(("code", "name", "kind", "permissions", "people"), cells)


@role.command()
@click.argument("code")
@click.option("--name", default="", help="What people read.")
@click.option("--kind", type=click.Choice(["admin", "vendor"]), default="admin", show_default=True)
@permission_option
@platform_option
@json_option
def create(code: str, name: str, kind: str, permissions: tuple[str, ...], platform: str, *, as_json: bool) -> None:
    """Make a role."""
    from klods.db.people.roles import Role
    from klods.kernel.definition import FrontendType

    with opened() as klods:
        only = klods.platforms.read().find(platform).id if platform else None
        made = klods.people.roles.create(Role(code, name, FrontendType(kind), permissions, only))
        if not as_json:
            _warn_of_unknown(klods, permissions)
    tell(f"The role {code} allows: {', '.join(made.permissions) or 'nothing yet'}.", made, as_json=as_json)


@role.command("set")
@click.argument("code")
@click.option("--name", default=None, help="What people read.")
@permission_option
@platform_option
@json_option
def change(code: str, name: str | None, permissions: tuple[str, ...], platform: str, *, as_json: bool) -> None:
    """Let a role allow exactly these permissions."""
    with opened() as klods:
        only = klods.platforms.read().find(platform).id if platform else 0
        found = klods.people.roles.find(code, only)
        klods.people.roles.change(found, name=found.name if name is None else name, permissions=permissions)
        changed = klods.people.roles.find(code, only)
        if not as_json:
            _warn_of_unknown(klods, permissions)
    tell(f"The role {code} allows: {', '.join(changed.permissions) or 'nothing'}.", changed, as_json=as_json)


@role.command()
@click.argument("code")
@platform_option
@json_option
def delete(code: str, platform: str, *, as_json: bool) -> None:
    """Delete a role; whoever has it loses it."""
    with opened() as klods:
        klods.people.roles.delete(
            klods.people.roles.find(code, klods.platforms.read().find(platform).id if platform else 0)
        )
    tell(f"The role {code} is deleted.", {"code": code}, as_json=as_json)


@role.command()
@json_option
def permissions(*, as_json: bool) -> None:
    """Show every permission that a role can hold."""
    from klods.kernel.permissions import known_permissions

    with opened() as klods:
        known = known_permissions(klods.catalog().definitions.values())
    if as_json:
        print_json(known)
    else:
        print_table(("code", "meaning or module"), known.items())


def _warn_of_unknown(klods: "Klods", permissions: tuple[str, ...]) -> None:
    from klods.kernel.permissions import covering_nothing, known_permissions

    if unknown := covering_nothing(permissions, known_permissions(klods.catalog().definitions.values())):
        advice = "`klods role permissions` shows what there is."
        click.echo(f"Nothing declares {', '.join(unknown)} at present: {advice}", err=True)
