"""Look at modules and at what would happen to them; nothing is changed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from klods.cli.hub import number_of, opened, platform_option
from klods.cli.output import json_option, one_line, print_json, print_table

if TYPE_CHECKING:
    from klods.db.migrating.ledger import Status
    from klods.kernel.holdings import Table
    from klods.kernel.overview import Row
    from klods.kernel.plan import Plan, Step

ACTIONS = (
    "enable",
    "enable_live",
    "disable",
    "migrate",
    "live",
    "hold",
    "uninstall",
    "archive",
    "drop",
    "restore",
    "discard",
)


@click.command("list")
@platform_option
@json_option
def list_modules(platform: str, *, as_json: bool) -> None:
    """Show all modules with their state and the reason for it."""
    from klods.kernel.overview import overview

    with opened() as klods:
        rows = overview(klods.lifecycle.known(klods.catalog(), klods.states.read()), number_of(klods, platform))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    cells = ((row.code, state_of(row), class_of(row), row.version, row.name, row.reason) for row in rows)
    print_table(("module", "state", "class", "version", "name", "reason"), cells)


def class_of(row: "Row") -> str:
    """The class of a module in words: one that is both is core and internal."""
    words = [
        row.kind,
        "internal" if row.is_core and row.is_internal else "",
        "wrapper" if row.form == "wrapper" else "",
    ]
    return ", ".join(filter(None, words))


def state_of(row: "Row") -> str:
    """The state in words; an enabled module that is not live says so."""
    return f"{row.shown}, {row.mode.replace('_', ' ')}" if row.enabled and row.mode != "live" else row.shown


@click.command()
@click.argument("code")
@platform_option
@json_option
def status(code: str, platform: str, *, as_json: bool) -> None:
    """Show everything known about one module."""
    from klods.kernel.overview import find

    with opened() as klods:
        catalog = klods.catalog()
        overview = klods.lifecycle.known(catalog, klods.states.read())
        row = find(overview, code, number_of(klods, platform))
        tables = klods.migrator.status(catalog[row.code]) if row.code in catalog else None
        shared = klods.tables.shared(overview.holder(row.code))
    known = asdict(row) | {"migrations": asdict(tables) if tables else None, "shared_tables": shared}
    if as_json:
        print_json(known)
        return
    shown = asdict(row) | {"shared by all platforms": shared} | (_migrations(tables) if tables else {})
    print_table(("what", "value"), (item for item in shown.items() if item[1] not in ("", ())))


@click.command()
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("code")
@platform_option
@json_option
def plan(action: str, code: str, platform: str, *, as_json: bool) -> None:
    """Show what an action would do with a module, and with others; nothing is done."""
    from klods.kernel.plan import Action

    with opened() as klods:
        made = klods.lifecycle.plan(Action(action), code, number_of(klods, platform))
    print_json(plan_data(made)) if as_json else print_plan(made)


def plan_data(made: "Plan") -> dict[str, Any]:
    """The plan as data, with its token."""
    return asdict(made) | {"token": made.token}


def print_plan(made: "Plan") -> None:
    """Print a plan for a person."""
    if not made:
        click.echo(f"There is nothing to do: {made.target} is as you want it.")
    for number, step in enumerate(made, 1):
        click.echo(f"{number:>3}. {step.do:<9} {step.code}{step_detail(step)}")
        for grant in step.grants:
            click.echo(one_line(f"     +  may {grant}"))
        for table in step.tables:
            click.echo(one_line(f"     ·  {table_line(table)}"))
    for warning in made.warnings:
        click.echo(one_line(f"  !  {warning}"))


def step_detail(step: "Step") -> str:
    """What there is to say about a step beyond its module, in parentheses."""
    detail = ", ".join(step.revisions) or _versions(step)
    return f"  ({detail})" if detail else ""


def table_line(table: "Table") -> str:
    """One table of a plan, in words."""
    from rich.filesize import decimal

    rows = "1 row" if table.rows == 1 else f"{table.rows:,} rows"
    return f"{table.name}: {'about ' if table.estimated else ''}{rows}, {decimal(table.size)}"


def _versions(step: "Step") -> str:
    from klods.kernel.plan import Do

    if step.do is Do.INSTALL and step.after and step.before == step.after:
        return f"{step.after}, new content"
    if step.before == step.after:
        return step.after.replace("_", " ")
    return " → ".join(filter(None, (step.before, step.after))).replace("_", " ")


def _migrations(tables: "Status") -> dict[str, object]:
    return {
        "tables at": tables.current or "",
        "pending migrations": tables.pending,
        "owed migrations": tuple(f"{revision} {why}".strip() for revision, why in tables.owed.items()),
        "drift": tuple(f"{one.file} has {one.how}: {one.advice}" for one in tables.drift),
    }
