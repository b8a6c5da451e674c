"""Look at what was done to modules, and take it back."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from klods.cli.hub import number_of, opened, platform_option
from klods.cli.output import json_option, one_line, print_json
from klods.cli.show import print_plan, step_detail
from klods.cli.switch import actor, at_a_terminal, report, yes_option

if TYPE_CHECKING:
    from klods.kernel.history import Entry


@click.command()
@click.argument("code", default="")
@click.option(
    "--most", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many, the newest first."
)
@json_option
def log(code: str, most: int, *, as_json: bool) -> None:
    """Show what was done to a module, or to all, the newest first."""
    with opened() as klods:
        entries = klods.log.read(code=code, most=most)
        if code and not entries:
            _refuse_unknown(klods.catalog(), code)
    if as_json:
        print_json([_data(entry) for entry in entries])
        return
    for entry in entries:
        click.echo("\n".join(map(one_line, _told(entry))) + "\n")
    if not entries:
        click.echo("Nothing was done yet.")


@click.command()
@click.argument("entry", type=click.IntRange(1), required=False)
@platform_option
@click.option("--why", default="", help="The reason, for the log.")
@yes_option
@json_option
def undo(entry: int | None, platform: str, *, why: str, yes: bool, as_json: bool) -> None:
    """Take back what an entry of the log switched; the newest one that can be when no ENTRY is given.

    Content that was brought in, and migrations, stay.
    """
    from klods.kernel.plan import Action, Intent

    with opened() as klods:
        number = klods.log.find(entry).platform_id if entry else number_of(klods, platform)
        made = klods.lifecycle.plan_for(Intent(Action.UNDO, "", number, entry=entry or 0))
        if not as_json:
            click.echo(f"This undoes entry {made.undoes}:")
            print_plan(made)
            if not yes and at_a_terminal():
                click.confirm("Go on?", abort=True)
        outcome = klods.lifecycle.apply(made, actor=actor(), why=why)
    report(outcome, as_json=as_json)


def _refuse_unknown(catalog: Any, code: str) -> None:
    if code not in catalog.broken:
        catalog.find(code)


def _data(entry: "Entry") -> dict[str, Any]:
    from klods.kernel.undoing import can_be_undone

    return asdict(entry) | {"can_be_undone": can_be_undone(entry)}


def _told(entry: "Entry") -> list[str]:
    """An entry in lines that are no longer than they have to be."""
    words = entry.action.replace("_", " ")
    lines = [f"{entry.id:>4}  {entry.at:%Y-%m-%d %H:%M}  {words} {entry.code}: {entry.outcome}"]
    platform = f", platform {entry.platform_id}"
    lines.append(f"      by {entry.actor}{platform}" + (f": {entry.why}" if entry.why else ""))
    if entry.undoes:
        lines.append(f"      undoes entry {entry.undoes}")
    lines += [
        f"      {number}. {step.do:<9} {step.code}{step_detail(step)}" for number, step in enumerate(entry.steps, 1)
    ]
    lines += [f"      {it.code}: {_turned(it.before, it.after)}" for it in entry.changes if it.before or it.after]
    return [*lines, *_followed(entry), *([f"      undone by entry {entry.undone_by}"] if entry.undone_by else [])]


def _turned(before: str, after: str) -> str:
    return " → ".join(filter(None, (before, after)))


def _followed(entry: "Entry") -> list[str]:
    if (told := entry.acknowledgement) is None:
        return []
    lines = [f"      followed in {told.seconds:.1f} s: {', '.join(told.followed) or 'no process was running'}"]
    return [*lines, f"      late: {', '.join(told.late)}"] if told.late else lines
