"""A running `klods demo` for tests that look at it from outside."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ADDRESS = re.compile(r"Klods is at (http://\S+)")
SECONDS_TO_START = 60


@contextmanager
def running_demo(folder: Path, *options: str) -> Iterator[str]:
    """Start a demo in the folder on a free port and give its address; it is stopped as Ctrl-C would."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("KLODS_", "DATABASE_URL"))}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "klods", "demo", "--port", "0", *options],
        cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, said), daemon=True)
    reader.start()
    try:
        yield _address(said)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        process.stdout.close()


def _read(process: "subprocess.Popen[str]", said: "queue.Queue[str]") -> None:
    for line in process.stdout or ():
        said.put(line)
    said.put("")


def _address(said: "queue.Queue[str]") -> str:
    """Wait until the demo tells where it is; what it said instead is the error."""
    lines: list[str] = []
    while line := said.get(timeout=SECONDS_TO_START):
        lines.append(line)
        if found := ADDRESS.search(line):
            return found[1]
    raise AssertionError("the demo ended before it served:\n" + "".join(lines))
