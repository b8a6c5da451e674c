"""The hub that the settings name, for the commands that need it; the imports wait until one of them runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from klods.bootstrap import Klods
    from klods.settings import Settings

DEFAULT_PLATFORM = 1

platform_option = click.option(
    "--platform", "platform_id", default=DEFAULT_PLATFORM, show_default=True, help="The platform's number."
)


def read_settings() -> "Settings":
    """The settings of this moment."""
    from klods.settings import Settings

    return Settings()


@contextmanager
def opened() -> Iterator["Klods"]:
    """The hub, open meanwhile."""
    from klods.bootstrap import build

    with build(read_settings()) as klods:
        yield klods
