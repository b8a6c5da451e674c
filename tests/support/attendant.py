"""Runs klods commands one after another in one process, which a long suite can afford: Python starts once for all of them.

It reads a JSON list of arguments from each line, and answers with a line: {"status", "out", "err"}.
"""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Attendant:
    """The process, as the test sees it."""

    process: "subprocess.Popen[str]"

    def run(self, *command: str) -> dict[str, Any]:
        """How a command ended, and what it said."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, (command, "the attendant has died")
        return json.loads(answer)

    def klods(self, *command: str) -> Any:
        """What the command prints as JSON; it must succeed."""
        done = self.run(*command, "--json")
        assert done["status"] == 0, (command, done)
        return json.loads(done["out"]) if done["out"].strip() else None


@contextmanager
def attendant(folder: Path, environment: Mapping[str, str]) -> Iterator[Attendant]:
    """A process that runs commands in a folder; while it is there, an embedded server of the hub stays up."""
    command = [sys.executable, "-u", str(Path(__file__))]
    process = subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Attendant(process)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(60)


def attend() -> None:
    """Answer until nobody asks any more."""
    from klods.bootstrap import database
    from klods.settings import Settings

    answers = sys.stdout
    with database(Settings()):
        for line in sys.stdin:
            print(json.dumps(_run(json.loads(line))), file=answers, flush=True)


def _run(command: list[str]) -> dict[str, Any]:
    from klods.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(command)
    return {"status": status, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    attend()
