"""Groups of commands that are imported only when one of them runs."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Command(NamedTuple):
    """Where a command stands (``package.module:name``) and the line that lists it."""

    where: str
    help: str


class LazyGroup(click.Group):
    """A group that lists its commands from a table and imports only the one that is called."""

    def __init__(self, name: str, table: Mapping[str, Command], **options: Any) -> None:
        super().__init__(name, **options)
        self.table = table
        for command, entry in table.items():
            self.add_command(click.Command(command, help=entry.help))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names in the order of the table, which is the order people need them in."""
        return list(self.table)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name, now really imported."""
        name, stub, rest = super().resolve_command(ctx, args)
        return name, stub and self.load(str(name)), rest

    def load(self, name: str) -> click.Command:
        """Import the command of that name."""
        module, _, attribute = self.table[name].where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command
