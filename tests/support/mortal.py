"""Runs the klods command in a process that can be made to die, with SIGKILL, at any step it takes.

    python tests/support/mortal.py --list POINTS.json -- module enable invoices
    python tests/support/mortal.py --die 'sql after: insert into klods.activation#2' -- module enable invoices

A step is a statement or a commit on its way to the database or back, or a change on disk. A point is named by what
is done and how often it was done before, so the same name is the same moment in the next run.
"""

import argparse
import collections
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES_ON_DISK = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Points:
    """Counts the points that are passed; at the fatal one the process ends as if the power had gone."""

    def __init__(self, fatal: str | None) -> None:
        self.fatal = fatal
        self.passed: list[str] = []
        self._times: collections.Counter[str] = collections.Counter()

    def at(self, what: str) -> None:
        self._times[what] += 1
        point = f"{what}#{self._times[what]}"
        self.passed.append(point)
        if point == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_disk(points: Points, only_under: tuple[str, ...]) -> None:
    """A point before every change on disk that the run makes under the given folders."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & WRITING):
                return
        elif event in CHANGES_ON_DISK:
            path = arguments[0]
        else:
            return
        if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(only_under):
            points.at(f"disk {event}: {_stable(Path(os.fsdecode(path)).name)}")

    sys.addaudithook(hook)


def watch_database(points: Points) -> None:
    """A point before and one after every word with the server."""
    import psycopg

    from klods.db.units.transaction import Transaction

    send: Callable[..., Any] = Transaction._send
    say: Callable[..., Any] = psycopg.Connection.wait
    execute: Callable[..., Any] = psycopg.Cursor.execute
    saying = {"now": "connect"}

    def waited(connection: Any, generator: Any, *rest: Any, **named: Any) -> Any:
        what = saying["now"] if "execute" in generator.__name__ else generator.__name__.strip("_")
        points.at(f"sql before: {what}")
        answer = say(connection, generator, *rest, **named)
        points.at(f"sql after: {what}")
        return answer

    def executed(cursor: Any, query: Any, *rest: Any, **named: Any) -> Any:
        text = query if isinstance(query, str) else repr(query)
        saying["now"] = _stable(" ".join(text.split()))[:70]
        return execute(cursor, query, *rest, **named)

    def sent(transaction: Any, command: bytes) -> Any:
        what = _stable(command.decode()[:70])
        points.at(f"sql before: {what}")
        answer = send(transaction, command)
        points.at(f"sql after: {what}")
        return answer

    Transaction._send = sent  # type: ignore[method-assign]
    psycopg.Connection.wait = waited  # type: ignore[method-assign]
    psycopg.Cursor.execute = executed  # type: ignore[method-assign]


def _stable(text: str) -> str:
    """Without what differs from run to run: process ids, random names, hashes, databases."""
    return re.sub(r"test_[0-9a-f]+|[0-9a-f]{8,}|\d{3,}|(?<=draft-)\w+|(?<=tmp)\w+", "…", text)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", type=Path)
    parser.add_argument("--die")
    parser.add_argument("--under", action="append", default=[])
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    points = Points(options.die)
    watch_database(points)
    watch_disk(points, tuple(options.under))
    from klods.cli.main import main as klods

    status = klods(options.command)
    if options.list:
        options.list.write_text(json.dumps(points.passed))
    return status


if __name__ == "__main__":
    sys.exit(main())
