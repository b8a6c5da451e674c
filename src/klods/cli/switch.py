"""Switch modules and migrate them: the same plans as in the API and the pages, with or without a running server."""

import sys
from typing import TYPE_CHECKING

import click

from klods.cli.hub import number_of, opened, platform_option
from klods.cli.output import json_option, one_line, print_json, tell
from klods.cli.show import plan_data, print_plan

if TYPE_CHECKING:
    from klods.kernel.lifecycle import Outcome
    from klods.kernel.plan import Plan

why_option = click.option("--why", default="", help="The reason, for the log.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


@click.command()
@click.argument("code")
@platform_option
@yes_option
@click.option("--live", "goes_live", is_flag=True, help="Let it go live at once: what it does is kept.")
@click.option(
    "--shared", is_flag=True, help="Let it see the same rows as on other platforms, in tables without a platform_id."
)
@why_option
@json_option
def enable(code: str, platform: str, *, yes: bool, goes_live: bool, shared: bool, why: str, as_json: bool) -> None:
    """Enable a module and what it requires, in every process of the hub."""
    action = "enable_live" if goes_live else "enable"
    _switch(action, code, platform, yes=yes, as_json=as_json, shared=shared, why=why)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@why_option
@json_option
def disable(code: str, platform: str, *, yes: bool, why: str, as_json: bool) -> None:
    """Disable a module and what depends on it; its data stays."""
    _switch("disable", code, platform, yes=yes, as_json=as_json, why=why)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@json_option
def live(code: str, platform: str, *, yes: bool, as_json: bool) -> None:
    """Let a module go live: what it does is kept from now on."""
    _switch("live", code, platform, yes=yes, as_json=as_json)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@json_option
def hold(code: str, platform: str, *, yes: bool, as_json: bool) -> None:
    """Switch a module's READ_ONLY and DRY_RUN on: nothing it does is kept."""
    _switch("hold", code, platform, yes=yes, as_json=as_json)


@click.command()
@click.argument("code")
@platform_option
@yes_option
@click.option("--plan", "only_plan", is_flag=True, help="Print the SQL that would run, and run nothing.")
@click.option("--down-to", metavar="REVISION", help="Take back what came after; `base` everything, `-1` the last.")
@json_option
def migrate(code: str, platform: str, *, yes: bool, only_plan: bool, down_to: str | None, as_json: bool) -> None:
    """Run a module's pending migrations, or take some back."""
    if only_plan:
        with opened() as klods:
            sql = klods.migrator.plan_sql(klods.catalog().find(code))
        tell(sql or "-- Nothing is pending.", {"code": code, "sql": sql}, as_json=as_json)
    elif down_to:
        _take_back(code, down_to, yes=yes, as_json=as_json)
    else:
        _switch("migrate", code, platform, yes=yes, as_json=as_json)


def _switch(
    action: str, code: str, platform: str, *, yes: bool, as_json: bool, shared: bool = False, why: str = ""
) -> None:
    from klods.kernel.plan import Action, Intent

    with opened() as klods:
        made = klods.lifecycle.plan_for(Intent(Action(action), code, number_of(klods, platform), shared=shared))
        if not as_json:
            print_plan(made)
        if made and not yes and not as_json and _needs_a_word(made) and at_a_terminal():
            click.confirm("Go on?", abort=True)
        outcome = klods.lifecycle.apply(made, actor=actor(), why=why)
    report(outcome, as_json=as_json)


def _needs_a_word(made: "Plan") -> bool:
    """Whether a person at a terminal is asked before: the plan does more than was said, or lets a module write."""
    from klods.kernel.plan import Do

    return len(made.steps) > 1 or bool(made.doing(Do.LIVE))


def _take_back(code: str, revision: str, *, yes: bool, as_json: bool) -> None:
    if not yes and not as_json and at_a_terminal():
        click.confirm(f"This undoes migrations of {code}, with the data in what they made. Go on?", abort=True)
    with opened() as klods:
        done = klods.take_back(code, revision)
    words = f"Taken back: {', '.join(done)}." if done else "There was nothing to take back."
    tell(words, {"code": code, "taken_back": done}, as_json=as_json)


def report(outcome: "Outcome", *, as_json: bool) -> None:
    """Print what was done, which processes have not followed, and what a person should look at."""
    if as_json:
        notes = [{"module": one.module, "message": one.message} for one in outcome.problems]
        print_json(
            {"generation": outcome.generation, "late": outcome.late, "plan": plan_data(outcome.plan), "problems": notes}
        )
        return
    if outcome.plan:
        targets = ", ".join((outcome.plan.target, *outcome.plan.along))
        click.echo(f"Done: {outcome.plan.action.replace('_', ' ')} {targets}.")
    for problem in outcome.problems:
        click.echo(one_line(f"{problem.module}: {problem.message}"), err=True)
    for name in outcome.late:
        click.echo(f"{name} has not followed yet; it will as soon as it can.", err=True)


def actor() -> str:
    """Who acts, for the log of modules."""
    from getpass import getuser

    try:
        return f"cli:{getuser()}"
    except (KeyError, OSError):
        return "cli:unknown"


def at_a_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()
