"""What lets people and their programs in; works with and without a running server."""

from typing import TYPE_CHECKING

import click

from klods.cli.hub import number_of, opened, platform_option
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.bootstrap import Klods
    from klods.db.people.accounts import Account
    from klods.db.people.stores import People

DEFAULT_ADDRESS = "http://127.0.0.1:8000"

login_option = click.option("--login", default="", help="Whose; the first admin's if not given.")


@click.group()
def token() -> None:
    """Create, list and revoke API tokens."""


@token.command()
@click.option("--name", required=True, help="What to call the token, for example after the program that uses it.")
@login_option
@platform_option
@json_option
def create(name: str, login: str, platform: str, *, as_json: bool) -> None:
    """Make a token and show it, this once."""
    from klods.web.auth.tokens import issue_token

    with opened() as klods:
        secret = issue_token(klods.people, name, account_of(klods.people, login).on(number_of(klods, platform)))
    tell(secret, {"token": secret, "name": name}, as_json=as_json)
    if not as_json:
        click.echo("Keep it: it is not shown again.", err=True)


@token.command("list")
@platform_option
@json_option
def list_tokens(platform: str, *, as_json: bool) -> None:
    """Show the tokens in force; never their secrets."""
    with opened() as klods:
        tokens = klods.people.tokens.all(number_of(klods, platform))
    if as_json:
        print_json(tokens)
        return
    cells = ((one.name, one.login, one.created_at, one.last_used_at or "never") for one in tokens)
    print_table(("name", "login", "created", "last used"), cells)


@token.command()
@click.argument("name")
@platform_option
@json_option
def revoke(name: str, platform: str, *, as_json: bool) -> None:
    """End a token; running servers refuse it within seconds."""
    with opened() as klods:
        klods.people.tokens.revoke(name, number_of(klods, platform))
    tell(f"The token {name} is revoked.", {"revoked": name}, as_json=as_json)


@click.command("login-link")
@login_option
@click.option("--url", default="", help="Where the hub can be reached, if not where the running one says.")
@json_option
def login_link(login: str, url: str, *, as_json: bool) -> None:
    """Make a link that signs somebody in once, within an hour."""
    from klods.web.auth.first_start import make_login_link

    with opened() as klods:
        account = account_of(klods.people, login)
        link = make_login_link(klods.people, account, hub_address(klods, account, url))
    tell(link, {"link": link, "login": account.login}, as_json=as_json)


def hub_address(klods: "Klods", account: "Account", url: str) -> str:
    """Where somebody reaches the hub: as it was said, else as the hub knows itself, on their platform."""
    from klods.web.addresses import address_on

    known = klods.settings.address or klods.processes.address() or DEFAULT_ADDRESS
    return url or address_on(klods.platforms.read(), account.platform_id, known)


def account_of(people: "People", login: str) -> "Account":
    """The account of a login, or the first admin's for none; raise `NoSuchUser`."""
    from klods.errors import NoSuchUser

    account = people.accounts.find(login) if login else people.accounts.first_admin()
    if account is None:
        raise NoSuchUser(login=login)
    return account
