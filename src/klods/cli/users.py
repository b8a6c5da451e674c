"""The people who may sign in; works with and without a running server."""

import sys
from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table, tell
from klods.cli.tokens import account_of, hub_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from klods.bootstrap import Klods
    from klods.db.people.accounts import Account
    from klods.db.people.roles import Role
    from klods.kernel.platforms import Platforms

stdin_option = click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")
role_option = click.option("--role", "roles", multiple=True, help="A role, by its code; may be given several times.")


@click.group()
def user() -> None:
    """Create, list, change and disable the people who may sign in."""


@user.command("create")
@click.argument("login")
@click.option("--name", default="", help="The person's name, as pages show it.")
@click.option("--email", default="", help="Where links to a new password are sent.")
@click.option("--kind", type=click.Choice(["admin", "vendor"]), default="admin", show_default=True)
@click.option("--platform", default="", help="The only platform; without it an admin may work on all.")
@click.option("--vendor", default="", help="The vendor of that platform that a vendor works for.")
@role_option
@stdin_option
@json_option
def create_user(
    login: str, kind: str, roles: tuple[str, ...], *, from_stdin: bool, as_json: bool, **given: str
) -> None:
    """Make an account; without a password its owner signs in by `klods login-link --login LOGIN`."""
    from klods.web.auth.passwords import hash_password

    password_hash = hash_password(_read_password()) if from_stdin else None
    with opened() as klods:
        account = _new_account(klods, login, kind, given, password_hash=password_hash)
        held = _fitting(klods, roles, account)
        account = klods.people.accounts.create(account)
        for role in held:
            klods.people.roles.give(role, account.id)
    data = {"login": account.login, "name": account.name, "kind": account.kind, "roles": list(roles)}
    tell(f"{account.login} may sign in.", data, as_json=as_json)
    if not roles and not as_json:
        click.echo(f"No role says yet what {login} may do: `klods user give {login} ROLE`.", err=True)


@user.command("list")
@json_option
def list_users(*, as_json: bool) -> None:
    """Show everybody who has an account."""
    with opened() as klods:
        held, platforms = klods.people.roles.held(), klods.platforms.read()
        rows = [_shown(account, held.get(account.id, []), platforms) for account in klods.people.accounts.all()]
    if as_json:
        print_json(rows)
    else:
        columns = ("login", "name", "kind", "platform", "roles", "last sign-in", "disabled")
        print_table(columns, ([row[name] for name in _SHOWN] for row in rows))


@user.command()
@click.argument("login")
@stdin_option
@json_option
def password(login: str, *, from_stdin: bool, as_json: bool) -> None:
    """Set somebody's password and end their sessions."""
    from klods.web.auth.passwords import hash_password

    chosen = _read_password() if from_stdin else click.prompt("New password", hide_input=True, confirmation_prompt=True)
    password_hash = hash_password(chosen)
    with opened() as klods:
        klods.people.accounts.set_password(account_of(klods.people, login).id, password_hash)
    tell(f"The password of {login} is set.", {"login": login}, as_json=as_json)


@user.command("password-link")
@click.argument("login")
@click.option("--url", default="", help="Where the hub can be reached, if not where the running one says.")
@json_option
def password_link(login: str, url: str, *, as_json: bool) -> None:
    """Make a link by which somebody chooses a new password once, within an hour."""
    from klods.web.auth.first_start import make_password_link

    with opened() as klods:
        account = account_of(klods.people, login)
        link = make_password_link(klods.people, account, hub_address(klods, account, url))
    tell(link, {"link": link, "login": login}, as_json=as_json)


@user.command()
@click.argument("login")
@click.argument("roles", nargs=-1, required=True)
@json_option
def give(login: str, roles: tuple[str, ...], *, as_json: bool) -> None:
    """Give somebody roles."""
    with opened() as klods:
        account = account_of(klods.people, login)
        for role in _fitting(klods, roles, account):
            klods.people.roles.give(role, account.id)
        row = _row(klods, account)
    tell(f"{login} has the roles {row['roles']}.", row, as_json=as_json)


@user.command()
@click.argument("login")
@click.argument("roles", nargs=-1, required=True)
@json_option
def take(login: str, roles: tuple[str, ...], *, as_json: bool) -> None:
    """Take roles from somebody."""
    with opened() as klods:
        account = account_of(klods.people, login)
        for role in _found(klods, roles, account.platform_id):
            klods.people.roles.take(role, account.id)
        row = _row(klods, account)
    tell(f"{login} has the roles {row['roles'] or '(none)'}.", row, as_json=as_json)


@user.command()
@click.argument("login")
@json_option
def disable(login: str, *, as_json: bool) -> None:
    """Let somebody come in no longer, by no sign-in, token or link."""
    with opened() as klods:
        klods.people.accounts.disable(account_of(klods.people, login).id)
    tell(f"{login} cannot come in any more.", {"login": login}, as_json=as_json)


@user.command()
@click.argument("login")
@json_option
def enable(login: str, *, as_json: bool) -> None:
    """Let somebody come in again."""
    with opened() as klods:
        klods.people.accounts.enable(account_of(klods.people, login).id)
    tell(f"{login} may come in again.", {"login": login}, as_json=as_json)


@user.command("sign-ins")
@click.argument("login")
@json_option
def list_sign_ins(login: str, *, as_json: bool) -> None:
    """Show where somebody is signed in."""
    with opened() as klods:
        found = klods.people.sign_ins.of(account_of(klods.people, login).id)
    if as_json:
        print_json(found)
    else:
        cells = ((row.id, row.created_at, row.seen_at, row.address, row.user_agent) for row in found)
        print_table(("number", "since", "last seen", "from", "browser"), cells)


@user.command("sign-out")
@click.argument("login")
@json_option
def sign_out(login: str, *, as_json: bool) -> None:
    """Sign somebody out everywhere; API tokens go on."""
    with opened() as klods:
        ended = klods.people.sign_ins.end_all(account_of(klods.people, login).id)
    tell(f"{ended} sign-ins of {login} were ended.", {"login": login, "ended": ended}, as_json=as_json)


_SHOWN = ("login", "name", "kind", "platform", "roles", "signed_in_at", "disabled_at")


def _row(klods: "Klods", account: "Account") -> dict[str, object]:
    return _shown(account, klods.people.roles.of(account.id), klods.platforms.read())


def _shown(account: "Account", roles: "Iterable[Role]", platforms: "Platforms") -> dict[str, object]:
    platform = platforms.by_id.get(account.platform_id) if account.platform_id else None
    more = {"platform": platform.code if platform else "", "roles": ", ".join(role.code for role in roles)}
    return {name: more.get(name, getattr(account, name, "")) for name in (*_SHOWN, "email")}


def _new_account(
    klods: "Klods", login: str, kind: str, given: dict[str, str], *, password_hash: str | None
) -> "Account":
    """The account that the options describe; raise `NoSuchPlatform` or `NoSuchVendor`."""
    from klods.db.people.accounts import Account
    from klods.kernel.definition import FrontendType

    known = klods.platforms.read()
    platform = known.find(given["platform"]).id if given["platform"] else None
    if given["vendor"] and kind != "vendor":
        raise click.UsageError("--vendor is for people of --kind vendor.")
    if platform is None and kind == "vendor":
        if len(known.open) > 1:
            raise click.UsageError("Somebody of kind vendor needs --platform: there are several.")
        platform = known.open[0].id
    vendor = klods.vendors.find(given["vendor"], platform).id if given["vendor"] and platform else None
    return Account(
        0, login, given["name"], FrontendType(kind), platform, password_hash, given["email"], vendor_id=vendor
    )


def _found(klods: "Klods", codes: "Iterable[str]", platform_id: int | None) -> "list[Role]":
    return [klods.people.roles.find(code, platform_id or 0) for code in codes]


def _fitting(klods: "Klods", codes: "Iterable[str]", account: "Account") -> "list[Role]":
    """The roles, if they are for people of this kind; others would be listed and have no effect."""
    from klods.errors import InvalidName

    found = _found(klods, codes, account.platform_id)
    for role in found:
        if role.kind is not account.kind:
            raise InvalidName(name=role.code, reason=f"it is a role for {role.kind}s, and this is a {account.kind}")
    return found


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")
