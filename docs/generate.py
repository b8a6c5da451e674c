"""Write the reference pages that say what the code says: `python docs/generate.py`. A test compares the two."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from klods import errors
from klods.cli.errors import EXIT_CODES, exit_code
from klods.cli.lazy import LazyGroup
from klods.cli.main import cli
from klods.errors import KlodsError
from klods.web.errors import status_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TABLE_BEGINS, TABLE_ENDS = "<!-- attacks: written by docs/generate.py -->", "<!-- end of attacks -->"
SERVERS = {"embedded": "embedded server", "external": "a server with CREATEROLE", "prefix": "one without"}
SETTING = re.compile(r"((?:# .+\n)+)#([A-Z_]+)=(.*)\n")


def example_settings() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, from `.env.example`."""
    found = SETTING.findall((ROOT / ".env.example").read_text(encoding="utf-8"))
    return [(name, default, " ".join(meaning.replace("# ", " ").split())) for meaning, name, default in found]


def settings_page() -> str:
    """The settings as a table."""
    rows = (
        f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, default, text in example_settings()
    )
    return "\n".join(
        [
            "# Settings",
            "",
            "Settings come from the environment, and from a file `.env` in the folder where `klods` is started; the",
            "environment comes first. An empty value is the same as none. A wrong one stops the command with exit code 2",
            "and the variable's name.",
            "",
            "| variable | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, with the words that call them."""
    yield path, command
    if isinstance(command, LazyGroup):
        for name in command.table:
            yield from commands(command.load(name), f"{path} {name}")
    elif isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from commands(command.commands[name], f"{path} {name}")


def command_section(path: str, command: click.Command) -> str:
    """What `--help` says about one command."""
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100, **cli.context_settings)
    return f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


def cli_page() -> str:
    """Every command with its options, and the exit codes."""
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    head = [
        "# Commands",
        "",
        "Every command that shows something takes `--json`. An answer goes to standard output; what went wrong goes to",
        "standard error, also as JSON when asked: `error`, `message`, `hint` and `data`.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        codes,
        "| 130 | interrupted with Ctrl-C |",
        "",
    ]
    return "\n".join([*head, *(command_section(path, command) for path, command in commands(cli, "klods"))])


def families() -> dict[type[KlodsError], list[type[KlodsError]]]:
    """The situations of `klods.errors` under the family they belong to, in the order of the file."""
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KlodsError)]
    classes.sort(key=lambda kind: inspect.getsourcelines(kind)[1])
    heads = [kind for kind in classes if kind.__base__ is KlodsError]
    return {head: [kind for kind in classes if issubclass(kind, head)] for head in heads}


def error_row(kind: type[KlodsError]) -> str:
    """One situation as a row of the table."""
    sentence, hint = (" ".join(text.split()).replace("|", "\\|") for text in (kind.__doc__ or "", kind.hint))
    return f"| `{kind.code}` | {status_of(kind())} | {exit_code(kind())} | {sentence} | {hint} |"


def errors_page() -> str:
    """Every situation with its status, exit code and sentence."""
    head = [
        "# Errors",
        "",
        "A situation has one name everywhere: the key `error` in the JSON of the API and of the command line, and the class",
        "in `klods.errors` (`no_such_module` is `NoSuchModule`), where a family can be caught as a whole. What stands in",
        "braces comes with the error as `data`.",
        "",
    ]
    sections = (
        "\n".join(
            [
                f"## {head_class.__name__}",
                "",
                "| error | HTTP | exit | sentence | what to do |",
                "|---|---|---|---|---|",
                *map(error_row, kinds),
                "",
            ]
        )
        for head_class, kinds in families().items()
    )
    return "\n".join([*head, *sections])


def isolation_page() -> str:
    """The page about isolation, with the table of attacks in it as it is declared."""
    text = (DOCS / "explanation" / "isolation.md").read_text(encoding="utf-8")
    before, rest = text.split(TABLE_BEGINS)
    return f"{before}{TABLE_BEGINS}\n{attack_tables()}\n{TABLE_ENDS}{rest.partition(TABLE_ENDS)[2]}"


def attack_tables() -> str:
    """One table for each group of attacks."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.attacks import GROUPS, Server

    heads = " | ".join(("attack", "brought in by", *(SERVERS[server] for server in Server), "why it is not stopped"))
    tables = (
        "\n".join(["", f"### {group}", "", f"| {heads} |", "|---|---|---|---|---|---|", *map(attack_row, attacks)])
        for group, attacks in GROUPS.items()
    )
    return "\n".join(tables)


def attack_row(attack: Any) -> str:
    """One attack, and what came of it on each server."""
    from support.attacks import Server

    cells = [verdict(attack, server) for server in Server]
    reasons = "; ".join(dict.fromkeys(attack.not_stopped.values()))
    return f"| {attack.name} | {attack.way} | {' | '.join(cells)} | {reasons} |"


def verdict(attack: Any, server: Any) -> str:
    """What came of an attack on one server."""
    if server not in attack.servers:
        return "—"
    return "**not stopped**" if server in attack.not_stopped else "denied"


PAGES = {
    "reference/settings.md": settings_page,
    "reference/cli.md": cli_page,
    "reference/errors.md": errors_page,
    "explanation/isolation.md": isolation_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
