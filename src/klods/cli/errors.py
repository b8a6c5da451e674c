"""The edge of the command line: what a person reads when something went wrong, and the exit code."""

import os
import sys
from collections.abc import Sequence
from itertools import takewhile

import click

from klods.cli.output import json_text, one_line
from klods.errors import Conflict, Invalid, KlodsError, NotFound, Refused, Unavailable

EXIT_CODES = {
    0: "done",
    1: "failed",
    2: "wrong usage or input",
    3: "refused, or in conflict with the present state",
    4: "not found",
    5: "unavailable, try again later",
}
INTERRUPTED = 130

_FAMILIES = ((Invalid, 2), (Conflict, 3), (Refused, 3), (NotFound, 4), (Unavailable, 5))


def exit_code(error: KlodsError) -> int:
    """The exit code of the error's family."""
    return next((code for family, code in _FAMILIES if isinstance(error, family)), 1)


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command as its process would and return the exit code; only what nobody foresaw is raised.

    A command may return its exit code, or None when it is done.
    """
    json = "--json" in takewhile(lambda argument: argument != "--", arguments)
    try:
        answer = command.main(list(arguments), prog_name="klods", standalone_mode=False)
        sys.stdout.flush()
    except KlodsError as error:
        _report(error, json=json)
        return exit_code(error)
    except click.ClickException as error:
        _report_usage(error, json=json)
        return error.exit_code
    except UnicodeEncodeError:
        if all(map(_is_text, arguments)):
            raise
        _report_usage(click.UsageError("An argument is not written in UTF-8."), json=json)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return 1
    return answer if type(answer) is int else 0


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _report(error: KlodsError, *, json: bool) -> None:
    """Print to stderr, so that stdout holds an answer or nothing."""
    if json:
        body = {"error": error.code, "message": str(error), "hint": error.advice, "data": error.data}
        click.echo(json_text(body), err=True)
        return
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {_shown(str(error))}", err=True)
    if error.advice:
        click.echo(f"{click.style('Hint:', bold=True)} {_shown(error.advice)}", err=True)


def _shown(text: str) -> str:
    """What a server or a module said may have lines, and nothing else that a terminal obeys."""
    return "\n".join(map(one_line, text.splitlines()))


def _report_usage(error: click.ClickException, *, json: bool) -> None:
    if json:
        body = {"error": "usage", "message": error.format_message(), "hint": "", "data": {}}
        click.echo(json_text(body), err=True)
    else:
        error.show()


def _forget_output() -> None:
    """Keep the interpreter from flushing into the closed pipe once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
