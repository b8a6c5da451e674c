"""Running the server's programs: away from our terminal, our signals and our environment."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

# The shell hands the program to init, so that it is nobody's child and never a zombie of one user.
DETACH = '"$@" </dev/null >&2 & echo $!'


def run(words: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and collect what it says."""
    options = {"stderr": subprocess.PIPE, "cwd": "/", **options}
    return subprocess.run(
        words, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
        start_new_session=True, **options,
    )  # fmt: skip


def detach(words: Sequence[str | Path], log: IO[bytes], **options: Any) -> int:
    """Start a program that outlives us, with its output in the log, and return its process id."""
    return int(run(["/bin/sh", "-c", DETACH, "klods", *map(str, words)], stderr=log, **options).stdout)
