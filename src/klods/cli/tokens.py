"""People and what lets them and their programs in; works with and without a running server."""

import sys
from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened, platform_option
from klods.cli.output import json_option, print_json, print_table, tell

if TYPE_CHECKING:
    from klods.db.people.accounts import Account
    from klods.db.people.stores import People

DEFAULT_ADDRESS = "http://127.0.0.1:8000"

login_option = click.option("--login", default="", help="Whose; the first admin's if not given.")
stdin_option = click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def token() -> None:
    """Create, list and revoke API tokens."""


@token.command()
@click.option("--name", required=True, help="What to call the token, for example after the program that uses it.")
@login_option
@platform_option
@json_option
def create(name: str, login: str, platform_id: int, *, as_json: bool) -> None:
    """Make a token and show it, this once."""
    from klods.web.auth.tokens import issue_token

    with opened() as klods:
        secret = issue_token(klods.people, name, _account(klods.people, login).on(platform_id))
    tell(secret, {"token": secret, "name": name}, as_json=as_json)
    if not as_json:
        click.echo("Keep it: it is not shown again.", err=True)


@token.command("list")
@platform_option
@json_option
def list_tokens(platform_id: int, *, as_json: bool) -> None:
    """Show the tokens in force; never their secrets."""
    with opened() as klods:
        tokens = klods.people.tokens.all(platform_id)
    if as_json:
        print_json(tokens)
        return
    cells = ((one.name, one.login, one.created_at, one.last_used_at or "never") for one in tokens)
    print_table(("name", "login", "created", "last used"), cells)


@token.command()
@click.argument("name")
@platform_option
@json_option
def revoke(name: str, platform_id: int, *, as_json: bool) -> None:
    """End a token; running servers refuse it within seconds."""
    with opened() as klods:
        klods.people.tokens.revoke(name, platform_id)
    tell(f"The token {name} is revoked.", {"revoked": name}, as_json=as_json)


@click.command("login-link")
@login_option
@click.option("--url", default="", help="Where the hub can be reached, if not where the running one says.")
@json_option
def login_link(login: str, url: str, *, as_json: bool) -> None:
    """Make a link that signs somebody in once, within an hour."""
    from klods.web.auth.first_start import make_login_link

    with opened() as klods:
        account = _account(klods.people, login)
        address = url or klods.settings.address or klods.processes.address() or DEFAULT_ADDRESS
        link = make_login_link(klods.people, account, address)
    tell(link, {"link": link, "login": account.login}, as_json=as_json)


@click.group()
def user() -> None:
    """Create and list the people who may sign in."""


@user.command("create")
@click.argument("login")
@click.option("--name", default="", help="The person's name, as pages show it.")
@click.option("--kind", type=click.Choice(["admin", "vendor"]), default="admin", show_default=True)
@stdin_option
@json_option
def create_user(login: str, name: str, kind: str, *, from_stdin: bool, as_json: bool) -> None:
    """Make an account; without a password its owner signs in by `klods login-link --login LOGIN`."""
    from klods.db.people.accounts import Account
    from klods.kernel.definition import FrontendType
    from klods.web.auth.passwords import hash_password

    password_hash = hash_password(_read_password()) if from_stdin else None
    with opened() as klods:
        account = klods.people.accounts.create(Account(0, login, name, FrontendType(kind), password_hash=password_hash))
    data = {"login": account.login, "name": account.name, "kind": account.kind}
    tell(f"{account.login} may sign in.", data, as_json=as_json)


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
        klods.people.accounts.set_password(_account(klods.people, login).id, password_hash)
    tell(f"The password of {login} is set.", {"login": login}, as_json=as_json)


@user.command("list")
@json_option
def list_users(*, as_json: bool) -> None:
    """Show everybody who has an account."""
    with opened() as klods:
        accounts = klods.people.accounts.all()
    shown = ("login", "name", "kind", "signed_in_at", "disabled_at")
    rows = [{name: getattr(account, name) for name in shown} for account in accounts]
    if as_json:
        print_json(rows)
    else:
        print_table(("login", "name", "kind", "last sign-in", "disabled"), (tuple(row.values()) for row in rows))


def _account(people: "People", login: str) -> "Account":
    from klods.errors import NoSuchUser

    account = people.accounts.find(login) if login else people.accounts.first_admin()
    if account is None:
        raise NoSuchUser(login=login)
    return account


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")
