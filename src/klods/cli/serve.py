"""Serve the hub: one process, or several behind one socket."""

from typing import TYPE_CHECKING

import click

from klods.kernel.subject import DEFAULT_PLATFORM

if TYPE_CHECKING:
    from klods.bootstrap import Klods

host_option = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
port_option = click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 takes a free one."
)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes."
)


@click.command()
@host_option
@port_option
@workers_option
def serve(host: str, port: int, workers: int) -> int:
    """Serve the hub until it is told to stop."""
    from klods.cli import serving

    bound = serving.listen(host, port)
    address = serving.known_as(address_of(host, bound.getsockname()[1]))
    return serving.serve_hub(bound, workers, lambda klods: open_hub(klods, address))


def open_hub(klods: "Klods", address: str) -> None:
    """What is done once before the hub is served."""
    follow_wishes(klods)
    klods.sweep_files()
    klods.mail.forget_sent()
    welcome(klods, reachable(klods, address))


def reachable(klods: "Klods", address: str) -> str:
    """The address under a name that the hub answers to, which with several platforms is not any."""
    from klods.web.addresses import address_on

    return address_on(klods.platforms.read(), None, address)


def address_of(host: str, port: int) -> str:
    """The address a person can open."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def follow_wishes(klods: "Klods") -> None:
    """Act on what module.json files ask for since the last time, and say what waits for a person."""
    for wish in klods.lifecycle.follow_wishes(DEFAULT_PLATFORM):
        asked = "enabled" if wish.wanted else "disabled"
        if wish.done:
            click.echo(f"{wish.code} is {asked} now, as its module.json asks.")
        else:
            command = f"klods module {asked.removesuffix('d')} {wish.code}"
            click.echo(f"{wish.code} asks to be {asked}: {wish.reason}. Do it with `{command}`.")


def welcome(klods: "Klods", address: str, *, always_link: bool = False) -> None:
    """Say where the hub is and how to get in: by a link as long as nobody has, or always."""
    from klods.web.auth.first_start import make_login_link, nobody_has_signed_in, prepare_admin

    password = klods.settings.admin_password
    admin = prepare_admin(klods.people, password.get_secret_value() if password else None)
    click.echo(f"Klods is at {address}")
    if always_link or nobody_has_signed_in(klods.people):
        click.echo(f"Sign in once with this link: {make_login_link(klods.people, admin, address)}")
    else:
        click.echo("A link to sign in with: `klods login-link`")
