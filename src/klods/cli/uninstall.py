"""Take modules out of this installation, and bring back or delete the tables that were set aside."""

from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, print_json, print_table
from klods.cli.show import print_plan
from klods.cli.switch import actor, at_a_terminal, report, yes_option
from klods.kernel.subject import DEFAULT_PLATFORM

if TYPE_CHECKING:
    from klods.kernel.holdings import Archive
    from klods.kernel.plan import Action, Plan

confirm_option = click.option(
    "--confirm",
    metavar="CODE",
    multiple=True,
    help="The code of a module that loses data, typed out, once for each; nothing is deleted without.",
)
archive_option = click.option(
    "--archive", "number", type=click.IntRange(1), help="Which archive, by its number; the newest when left out."
)


@click.command()
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@click.option("--keep", "ways", flag_value="uninstall", multiple=True, help="Leave its tables where they are; usual.")
@click.option(
    "--archive", "ways", flag_value="archive", multiple=True, help="Set its tables aside, to be restored one day."
)
@click.option("--drop", "ways", flag_value="drop", multiple=True, help="Delete its tables for good.")
@yes_option
@confirm_option
@json_option
def uninstall(
    codes: tuple[str, ...], ways: tuple[str, ...], *, yes: bool, confirm: tuple[str, ...], as_json: bool
) -> None:
    """Take modules out of this installation; they have to be disabled.

    Several are taken out together, which is the way for modules whose tables point at each other.
    """
    if len(set(ways)) > 1:
        raise click.UsageError("Choose one of --keep, --archive and --drop.")
    _carry_out(next(iter(ways), "uninstall"), codes, confirm=confirm, yes=yes, as_json=as_json)


@click.command()
@click.argument("code")
@archive_option
@yes_option
@json_option
def restore(code: str, number: int | None, *, yes: bool, as_json: bool) -> None:
    """Bring back the tables of a module that were set aside."""
    _carry_out("restore", (code,), number=number or 0, yes=yes, as_json=as_json)


@click.command()
@click.argument("code")
@archive_option
@yes_option
@confirm_option
@json_option
def discard(code: str, number: int | None, *, yes: bool, confirm: tuple[str, ...], as_json: bool) -> None:
    """Delete tables that were set aside, for good."""
    _carry_out("discard", (code,), number=number or 0, confirm=confirm, yes=yes, as_json=as_json)


@click.command()
@click.argument("code", default="")
@json_option
def archives(code: str, *, as_json: bool) -> None:
    """Show the tables that were set aside, of one module or of all."""
    with opened() as klods:
        found = klods.tables.archives(code)
    if as_json:
        print_json([archive_data(archive) for archive in found])
        return
    cells = ((it.id, it.holder.code, it.version, it.at, *it.counted) for it in found)
    print_table(("archive", "module", "version", "set aside", "tables", "rows", "files"), cells)


def archive_data(archive: "Archive") -> dict[str, object]:
    """The archive as data."""
    from dataclasses import asdict

    data = asdict(archive)
    del data["holder"]
    _, rows, files = archive.counted
    return {"code": archive.holder.code, **data, "rows": rows, "files": files}


def _carry_out(
    action: str, codes: tuple[str, ...], *, number: int = 0, confirm: tuple[str, ...] = (), yes: bool, as_json: bool
) -> None:
    from klods.kernel.plan import Action

    with opened() as klods:
        wanted, (code, *along) = Action(action), codes
        plan = klods.lifecycle.plan(wanted, code, DEFAULT_PLATFORM, along=along, archive=number)
        if not as_json:
            print_plan(plan)
        if plan:
            _make_sure(wanted, plan, confirm, yes=yes or as_json)
        outcome = klods.lifecycle.apply(plan, actor=actor())
    report(outcome, as_json=as_json)


def _make_sure(action: "Action", plan: "Plan", confirmed: tuple[str, ...], *, yes: bool) -> None:
    """Ask a person before anything goes; what deletes data asks for codes of modules, and ``--yes`` is no answer."""
    from klods.errors import NotConfirmed
    from klods.kernel.plan import DELETES

    asking = not yes and at_a_terminal()
    if action not in DELETES:
        if asking:
            click.confirm("Go on?", abort=True)
        return
    for code in plan.unconfirmed(confirmed):
        question = f"This deletes data of {code} for good. Type {code} to go on"
        if not asking or click.prompt(question, default="", show_default=False) != code:
            raise NotConfirmed(module=code)
