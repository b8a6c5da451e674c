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
    "--confirm", metavar="CODE", default="", help="The module's code, typed out; nothing is deleted without it."
)
archive_option = click.option(
    "--archive", "number", type=click.IntRange(1), help="Which archive, by its number; the newest when left out."
)


@click.command()
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@click.option("--keep", "action", flag_value="uninstall", default=True, help="Leave its tables where they are.")
@click.option("--archive", "action", flag_value="archive", help="Set its tables aside, to be restored one day.")
@click.option("--drop", "action", flag_value="drop", help="Delete its tables for good.")
@yes_option
@confirm_option
@json_option
def uninstall(codes: tuple[str, ...], action: str, *, yes: bool, confirm: str, as_json: bool) -> None:
    """Take modules out of this installation; they have to be disabled.

    Several are taken out together, which is the way for modules whose tables point at each other.
    """
    _carry_out(action, codes, confirm=confirm, yes=yes, as_json=as_json)


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
def discard(code: str, number: int | None, *, yes: bool, confirm: str, as_json: bool) -> None:
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
    cells = ((it.id, it.holder.code, it.version, it.at, len(it.tables), it.rows) for it in found)
    print_table(("archive", "module", "version", "set aside", "tables", "rows"), cells)


def archive_data(archive: "Archive") -> dict[str, object]:
    """The archive as data."""
    from dataclasses import asdict

    data = asdict(archive)
    del data["holder"]
    return {"code": archive.holder.code, **data, "rows": archive.rows}


def _carry_out(
    action: str, codes: tuple[str, ...], *, number: int = 0, confirm: str = "", yes: bool, as_json: bool
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


def _make_sure(action: "Action", plan: "Plan", confirm: str, *, yes: bool) -> None:
    """Ask a person before anything goes; what deletes data asks for the code of the module, and ``--yes`` is no answer."""
    from klods.errors import NotConfirmed
    from klods.kernel.plan import DELETES

    if action not in DELETES:
        if not yes and at_a_terminal():
            click.confirm("Go on?", abort=True)
        return
    if not confirm and not yes and at_a_terminal():
        confirm = click.prompt(
            f"This deletes data for good. Type {plan.target} to go on", default="", show_default=False
        )
    if confirm != plan.target:
        raise NotConfirmed(module=plan.target)
