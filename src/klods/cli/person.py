"""What is held about a person: handed out, and erased after a preview."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from klods.cli.hub import opened
from klods.cli.output import json_option, json_text, one_line, print_json, print_table
from klods.cli.switch import actor, at_a_terminal, yes_option

if TYPE_CHECKING:
    from klods.bootstrap import Klods
    from klods.kernel.person_reports import Reach, Report, Section

INCOMPLETE = 1
"""The exit code when somebody could not be asked."""

where_option = click.option("--platform", default="", help="On one platform only, by its code or number.")


@click.group()
def person() -> None:
    """Export and erase what modules and the hub hold about a person."""


@person.command()
@click.argument("email")
@where_option
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write all of it to this file, as JSON."
)
@json_option
def export(email: str, platform: str, output: Path | None, *, as_json: bool) -> int:
    """Show what is held about somebody, or write it to a file; on all platforms unless one is named."""
    from klods.kernel.person_reports import export_data

    with opened() as klods:
        data, reach = klods.personal_data(), _reach(klods, platform)
        report = data.export(email, reach, actor=actor()) if output or as_json else data.look(email, reach)
    if output:
        _write(output, json_text(export_data(report)))
    if as_json:
        print_json(export_data(report))
    else:
        _print_held(report)
    return 0 if report.is_complete else INCOMPLETE


@person.command()
@click.argument("email")
@where_option
@yes_option
@json_option
def erase(email: str, platform: str, *, yes: bool, as_json: bool) -> int:
    """Erase what is held about somebody, after showing what that is; on all platforms unless one is named."""
    from klods.errors import ErasureNotConfirmed
    from klods.kernel.person_reports import erasure_data

    with opened() as klods:
        reach, data = _reach(klods, platform), klods.personal_data()
        if not yes:
            preview = data.preview(email, reach)
            if not as_json:
                _print_erased(preview)
            if as_json or not at_a_terminal():
                raise ErasureNotConfirmed
            click.confirm(f"This erases what is held about {preview.email} for good. Go on?", abort=True)
        report = data.erase(email, reach, actor=actor())
    if as_json:
        print_json(erasure_data(report, dry=False))
    else:
        _print_erased(report)
    return 0 if report.is_complete else INCOMPLETE


def _reach(klods: "Klods", platform: str) -> "Reach":
    from klods.kernel.person_reports import Reach

    known = klods.platforms.read()
    wanted = (known.find(platform),) if platform else known.known
    return Reach(wanted, hub_wide=len(wanted) == len(known.known), sees_all=True)


def _write(path: Path, text: str) -> None:
    """For its owner only: it is about somebody."""
    from klods.errors import CannotWrite

    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CannotWrite(path=path, reason=error.strerror) from error


def _print_held(report: "Report") -> None:
    cells = ((it.name, it.platform, what, rows) for it in report.sections for what, rows in it.rows.items())
    print_table(("module", "platform", "what", "rows"), cells)
    _print_problems(report)


def _print_erased(report: "Report") -> None:
    print_table(("module", "platform", "what", "rows", ""), (row for it in report.sections for row in _erased(it)))
    _print_problems(report)


def _erased(it: "Section") -> list[tuple[object, ...]]:
    words = ("added", "emptied or changed", "deleted")
    changed = [
        (it.name, it.platform, table, count, word)
        for table, counts in it.changes.items()
        for word, count in zip(words, counts, strict=True)
        if count
    ]
    return [*changed, *((it.name, it.platform, one.what, one.rows, f"kept: {one.why}") for one in it.kept)]


def _print_problems(report: "Report") -> None:
    for it in report.unanswered:
        click.echo(one_line(f"{it.problem} {it.problem.advice if it.problem else ''}".strip()), err=True)
