"""How long modules keep what they hold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, one_line, print_json, print_table
from klods.cli.switch import actor, at_a_terminal, yes_option

if TYPE_CHECKING:
    from klods.bootstrap import Klods
    from klods.kernel.platforms import Platform
    from klods.kernel.retaining import Due

where_option = click.option("--platform", default="", help="On one platform only, by its code or number.")


@click.group()
def retention() -> None:
    """Show how long modules keep what they hold, and delete or empty what is older."""


@retention.command("list")
@where_option
@json_option
def list_rules(platform: str, *, as_json: bool) -> int:
    """Show every rule with the rows that are due now."""
    with opened() as klods:
        found = klods.retention.due(_platforms(klods, platform))
    return _print(found, as_json=as_json)


@retention.command()
@where_option
@yes_option
@json_option
def apply(platform: str, *, yes: bool, as_json: bool) -> int:
    """Delete or empty the rows that are due, after showing how many they are."""
    from klods.errors import ErasureNotConfirmed

    with opened() as klods:
        platforms = _platforms(klods, platform)
        if not yes:
            if not as_json:
                _print(klods.retention.due(platforms), as_json=False)
            if as_json or not at_a_terminal():
                raise ErasureNotConfirmed
            click.confirm("This deletes or empties these rows for good. Go on?", abort=True)
        done = klods.retention.apply(platforms, actor=actor())
    return _print(done, as_json=as_json)


def _platforms(klods: "Klods", platform: str) -> "tuple[Platform, ...]":
    known = klods.platforms.read()
    return (known.find(platform),) if platform else known.known


def _print(found: "Sequence[Due]", *, as_json: bool) -> int:
    if as_json:
        print_json([it.data for it in found])
    else:
        columns = ("module", "platform", "table", "older than", "rows")
        print_table(columns, ((it.module, it.platform, it.rule.table, _limit(it), it.rows) for it in found))
        for it in found:
            if it.problem:
                click.echo(one_line(f"{it.problem} {it.problem.advice}".strip()), err=True)
    return int(any(it.failed for it in found))


def _limit(it: "Due") -> str:
    rule = it.rule
    emptied = f" (empties {', '.join(rule.clear)})" if rule.clear else ""
    return f"{rule.days} days by {rule.column}{emptied}"
