"""Look at modules and switch them: the same plans as the API and the pages, with or without a running server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from klods.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from klods.bootstrap import Klods
    from klods.db.migrating.ledger import Status
    from klods.kernel.lifecycle import Outcome
    from klods.kernel.plan import Plan, Step

DEFAULT_PLATFORM = 1

platform_option = click.option(
    "--platform", "platform_id", default=DEFAULT_PLATFORM, show_default=True, help="The platform's number."
)
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


@contextmanager
def opened() -> Iterator["Klods"]:
    """The hub that the settings name."""
    from klods.bootstrap import build
    from klods.settings import Settings

    with build(Settings()) as klods:
        yield klods


@click.command("list")
@platform_option
@json_option
def list_modules(platform_id: int, *, as_json: bool) -> None:
    """Show all modules with their state and the reason for it."""
    from klods.kernel.overview import overview

    with opened() as klods:
        rows = overview(klods.catalog(), klods.states.read(), platform_id)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    cells = ((row.code, row.shown, row.version, row.name, row.reason) for row in rows)
    print_table(("module", "state", "version", "name", "reason"), cells)


@click.command()
@click.argument("code")
@platform_option
@json_option
def status(code: str, platform_id: int, *, as_json: bool) -> None:
    """Show everything known about one module."""
    from klods.kernel.overview import find

    with opened() as klods:
        catalog = klods.catalog()
        row = find(catalog, klods.states.read(), code, platform_id)
        tables = klods.migrator.status(catalog[row.code]) if row.code in catalog else None
    known = asdict(row) | {"migrations": asdict(tables) if tables else None}
    if as_json:
        print_json(known)
        return
    shown = asdict(row) | (_migrations(tables) if tables else {})
    print_table(("what", "value"), (item for item in shown.items() if item[1] not in ("", ())))


@click.command()
@click.argument("action", type=click.Choice(["enable", "disable", "migrate"]))
@click.argument("code")
@platform_option
@json_option
def plan(action: str, code: str, platform_id: int, *, as_json: bool) -> None:
    """Show what enabling, disabling or migrating a module would do."""
    from klods.kernel.plan import Action

    with opened() as klods:
        made = klods.lifecycle.plan(Action(action), code, platform_id)
    if as_json:
        print_json(plan_data(made))
    else:
        show(made)


def _switch(action: str, code: str, platform_id: int, *, yes: bool, as_json: bool) -> None:
    from klods.kernel.plan import Action

    with opened() as klods:
        made = klods.lifecycle.plan(Action(action), code, platform_id)
        if not as_json:
            show(made)
        if made and not yes and not as_json and len(made.steps) > 1 and _at_a_terminal():
            click.confirm("Go on?", abort=True)
        outcome = klods.lifecycle.apply(made, actor=f"cli:{_user()}")
    _tell(outcome, as_json=as_json)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@json_option
def enable(code: str, platform_id: int, *, yes: bool, as_json: bool) -> None:
    """Enable a module and what it requires, in every process of the hub."""
    _switch("enable", code, platform_id, yes=yes, as_json=as_json)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@json_option
def disable(code: str, platform_id: int, *, yes: bool, as_json: bool) -> None:
    """Disable a module and what depends on it; its data stays."""
    _switch("disable", code, platform_id, yes=yes, as_json=as_json)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@click.option("--plan", "only_plan", is_flag=True, help="Print the SQL that would run, and run nothing.")
@click.option("--down-to", metavar="REVISION", help="Take back what came after; `base` everything, `-1` the last.")
@json_option
def migrate(code: str, platform_id: int, *, yes: bool, only_plan: bool, down_to: str | None, as_json: bool) -> None:
    """Run a module's pending migrations, or take some back."""
    if only_plan:
        with opened() as klods:
            sql = klods.migrator.plan_sql(klods.catalog().find(code))
        print_json({"code": code, "sql": sql}) if as_json else click.echo(sql or "-- Nothing is pending.")
    elif down_to:
        _take_back(code, down_to, yes=yes, as_json=as_json)
    else:
        _switch("migrate", code, platform_id, yes=yes, as_json=as_json)


def _take_back(code: str, revision: str, *, yes: bool, as_json: bool) -> None:
    if not yes and not as_json and _at_a_terminal():
        click.confirm(f"This undoes migrations of {code}, with the data in what they made. Go on?", abort=True)
    with opened() as klods:
        done = klods.take_back(code, revision)
    if as_json:
        print_json({"code": code, "taken_back": done})
    else:
        click.echo(f"Taken back: {', '.join(done)}." if done else "There was nothing to take back.")


def plan_data(made: "Plan") -> dict[str, Any]:
    """A plan in words that JSON has."""
    return asdict(made) | {"token": made.token}


def show(made: "Plan") -> None:
    """Print a plan for a person."""
    if not made:
        click.echo(f"Nothing to {made.action}: {made.target} is as you want it.")
    for number, step in enumerate(made, 1):
        detail = ", ".join(step.revisions) or _versions(step)
        click.echo(f"{number:>3}. {step.do:<8} {step.code}" + (f"  ({detail})" if detail else ""))
    for warning in made.warnings:
        click.echo(f"  !  {warning}")


def _versions(step: "Step") -> str:
    if step.after and step.before == step.after:
        return f"{step.after}, new content"
    return " → ".join(filter(None, (step.before, step.after)))


def _tell(outcome: "Outcome", *, as_json: bool) -> None:
    if as_json:
        print_json({"generation": outcome.generation, "late": outcome.late, "plan": plan_data(outcome.plan)})
        return
    if outcome.plan:
        click.echo(f"Done: {outcome.plan.action} {outcome.plan.target}.")
    for name in outcome.late:
        click.echo(f"{name} has not followed yet; it will as soon as it can.", err=True)


def _migrations(tables: "Status") -> dict[str, object]:
    return {
        "tables at": tables.current or "",
        "pending migrations": tables.pending,
        "owed migrations": tuple(f"{revision} {why}".strip() for revision, why in tables.owed.items()),
        "drift": tuple(f"{one.file} has {one.how}: {one.advice}" for one in tables.drift),
    }


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"


def _at_a_terminal() -> bool:
    import sys

    return sys.stdin.isatty()
