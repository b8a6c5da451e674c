"""Make modules and check them; neither needs a database."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klods.cli.hub import read_settings
from klods.cli.output import json_option, print_json, tell

if TYPE_CHECKING:
    from klods.kernel.catalog import Catalog, Module, Source
    from klods.kernel.problems import Problem, Problems
    from klods.settings import Settings


@click.command()
@click.argument("code")
@click.argument("description", default="")
@click.option("--template", type=click.Choice(["basic", "full"]), default="basic", show_default=True, help="How much.")
@click.option(
    "--modules-dir", type=click.Path(file_okay=False, path_type=Path), help="Where; KLODS_MODULES_DIR when left out."
)
@json_option
def create(code: str, description: str, template: str, modules_dir: Path | None, *, as_json: bool) -> None:
    """Make a new module that runs and passes its own tests.

    CODE is its unique name: lower-case letters and digits, parted by single _ or -.
    """
    from klods.kernel.names import check_code
    from klods.scaffold.create import create_module
    from klods.scaffold.report import as_data, in_words
    from klods.scaffold.words import Words

    words = Words(check_code(code), description)
    made = create_module(words, modules_dir or read_settings().modules_dir, template)
    tell(in_words(made), as_data(made), as_json=as_json)


@click.command()
@click.argument("codes", nargs=-1)
@json_option
def check(codes: tuple[str, ...], *, as_json: bool) -> int:
    """Report every problem of every module at once, or of the modules named."""
    from klods.kernel.problems import Problems

    catalog = _catalog(read_settings())
    sources = _sources(catalog, codes)
    found = Problems(problem for problem in _problems(catalog) if problem.module in sources or not codes)
    print_problems(found, sorted(sources), as_json=as_json)
    return 1 if found.errors else 0


def print_problems(found: "Problems", codes: Sequence[str], *, as_json: bool) -> None:
    """Print what is wrong with the modules of these codes."""
    if as_json:
        print_json({"modules": list(codes), "problems": [_data(problem) for problem in found]})
    else:
        click.echo("\n".join(_lines(found, len(codes))))


def readable_modules(codes: Sequence[str]) -> list["Module"]:
    """The modules of these codes, or all whose definition can be read; raise `NoSuchModule`."""
    catalog = _catalog(read_settings())
    return [catalog.find(code) for code in codes or catalog]


def _catalog(settings: "Settings") -> "Catalog":
    from klods.bootstrap import make_probe, places
    from klods.kernel.discovery import discover

    return discover(places(settings), make_probe(settings))


def _sources(catalog: "Catalog", codes: Sequence[str]) -> dict[str, "Source"]:
    from klods.errors import NoSuchModule

    known = {code: module.source for code, module in catalog.items()} | dict(catalog.broken)
    for code in codes:
        if code not in known:
            raise NoSuchModule(module=code)
    return {code: source for code, source in known.items() if code in codes or not codes}


def _problems(catalog: "Catalog") -> "Problems":
    from klods.kernel.verify import problems

    return problems(catalog) + _structure(_sources(catalog, ()))


def _structure(sources: dict[str, "Source"]) -> Iterator["Problem"]:
    from klods.kernel.problems import Problem
    from klods.scaffold.check import compare

    for code, source in sources.items():
        for item in compare(source.folder):
            place = str(source.folder / item.path)
            yield Problem(code, item.rule, item.message, place, hint=item.hint, warning=item.warning)


def _data(problem: "Problem") -> dict[str, Any]:
    return {
        "module": problem.module,
        "rule": problem.rule,
        "severity": "warning" if problem.warning else "error",
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "hint": problem.hint,
    }


def _lines(found: "Problems", modules: int) -> Iterator[str]:
    for code, problems in groupby(found, key=lambda problem: problem.module):
        yield click.style(code or "modules", bold=True)
        for problem in problems:
            yield from _told(problem)
        yield ""
    errors = len(found.errors)
    counts = _count(errors, "error"), _count(len(found) - errors, "warning")
    yield f"{_count(modules, 'module')} checked: {', '.join(counts)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _told(problem: "Problem") -> Iterator[str]:
    from klods.scaffold.report import short

    word, colour = ("warning", "yellow") if problem.warning else ("error", "red")
    yield f"  {click.style(f'{word:8}', fg=colour)} {problem.message}"
    if problem.file:
        yield " " * 11 + f"{short(Path(problem.file))}{f':{problem.line}' if problem.line else ''}"
    if problem.hint:
        yield " " * 11 + click.style(problem.hint, dim=True)
