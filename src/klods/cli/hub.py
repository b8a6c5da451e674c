"""The hub that the settings name, for the commands that need it; the imports wait until one of them runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from klods.kernel.subject import DEFAULT_PLATFORM

if TYPE_CHECKING:
    from klods.bootstrap import Klods
    from klods.settings import Settings

platform_option = click.option(
    "--platform", default=str(DEFAULT_PLATFORM), show_default=True, help="The platform, by its code or number."
)


def number_of(klods: "Klods", platform: str) -> int:
    """The number of a platform; raise `NoSuchPlatform`."""
    return klods.platforms.read().find(platform).id


def read_settings() -> "Settings":
    """The settings of this moment."""
    from klods.settings import Settings

    return Settings()


@contextmanager
def opened() -> Iterator["Klods"]:
    """The hub, open meanwhile; where there is none yet, it says so, because it may be the wrong folder."""
    from klods.bootstrap import build

    settings = read_settings()
    if settings.database_url is None and not settings.home.exists():
        click.echo(f"There is no hub here yet; starting an empty one in {settings.home.absolute()}.", err=True)
    with build(settings) as klods:
        yield klods
