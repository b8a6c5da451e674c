"""A hub to look at: a database, a sample module with something in it, a link to sign in and a line to try."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from klods.cli.serve import address_of, host_option, port_option, reachable, welcome, workers_option
from klods.kernel.subject import DEFAULT_PLATFORM

if TYPE_CHECKING:
    from klods.bootstrap import Klods

SAMPLE = "equipment"
DESCRIPTION = "Laptops, phones and screens, and who has them"
TOKEN = "demo"  # noqa: S105
THINGS = (
    ("ThinkPad T14", "Anna, since March; the battery was replaced in June"),
    ("Dell U2723QE", "Meeting room Lærken"),
    ("iPhone 15", "On-call phone: whoever is on duty signs for it"),
    ("Yubikey 5C", "Drawer by the printer, three left"),
    ("Logitech MX Keys", "Bjørn"),
)


@click.command()
@host_option
@port_option
@workers_option
def demo(host: str, port: int, workers: int) -> int:
    """Start a hub with a database, a sample module and a login link."""
    from klods.cli import serving

    bound = serving.listen(host, port)
    address = serving.known_as(address_of(host, bound.getsockname()[1]))
    return serving.serve_hub(bound, workers, lambda klods: open_demo(klods, address))


def open_demo(klods: "Klods", address: str) -> None:
    """Prepare the hub and say what to do with it."""
    switch_on_sample(klods)
    address = reachable(klods, address)
    welcome(klods, address, always_link=True)
    click.echo("\nTry it from another terminal:")
    click.echo(f"  curl -H 'Authorization: Bearer {fresh_token(klods)}' {address}/api/v1/{SAMPLE}/items")
    click.echo(f"\nThe sample module is at {address}/{SAMPLE}. Stop with Ctrl-C.")


def switch_on_sample(klods: "Klods") -> None:
    """Make the sample module if it is not there, switch it on, and put something into it once."""
    from klods.kernel.plan import Action
    from klods.scaffold.create import create_module
    from klods.scaffold.words import Words

    if SAMPLE not in klods.catalog():
        create_module(Words(SAMPLE, DESCRIPTION), klods.settings.modules_dir)
    first = not klods.states.read().installation(SAMPLE).content_hash
    action = Action.ENABLE_LIVE if first else Action.ENABLE
    if plan := klods.lifecycle.plan(action, SAMPLE, DEFAULT_PLATFORM):
        klods.lifecycle.apply(plan, actor="demo")
    if first:
        fill(klods)


def fill(klods: "Klods") -> None:
    """The sample rows, written as the module would write them."""
    from klods.db.scope import Scope, ScopeKind, enter
    from klods.db.statements import execute_insert

    scope = Scope(klods.database, SAMPLE, kind=ScopeKind.COMMAND)
    with enter(scope):
        for name, notes in THINGS:
            execute_insert(f"insert into {SAMPLE}_items (name, notes) values (%s, %s)", (name, notes))
        scope.end(keep=True)


def fresh_token(klods: "Klods") -> str:
    """A new API token; the one of the demo before this one ends."""
    from klods.errors import NoSuchToken
    from klods.web.auth.tokens import issue_token

    with suppress(NoSuchToken):
        klods.people.tokens.revoke(TOKEN, DEFAULT_PLATFORM)
    return issue_token(klods.people, TOKEN, klods.people.accounts.first_admin().on(DEFAULT_PLATFORM))
