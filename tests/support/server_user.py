"""A process that uses the embedded server of a home until its input ends; made to be killed.

    python tests/support/server_user.py HOME

With KLODS_DIE_AT=N it kills itself at its N-th step: a lock, a change on disk, a program it starts, a signal it sends.
"""

import itertools
import os
import signal
import sys
from pathlib import Path

STEPS = {
    "fcntl.flock",
    "os.rename",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "os.chown",
    "subprocess.Popen",
    "os.kill",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def die_at(number: int, home: str) -> None:
    """Kill this process at its step of that number."""
    steps = itertools.count(1)

    def hook(event: str, arguments: tuple) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if ((writes and str(arguments[0]).startswith(home)) or event in STEPS) and next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def main() -> None:
    home = Path(sys.argv[1])
    from klods.db.server import open_server

    die_at(int(os.environ.get("KLODS_DIE_AT", "0")), str(home))
    with open_server(home, None, fast=True) as conninfo:
        print(conninfo, flush=True)
        sys.stdin.read()
    print("left", flush=True)


if __name__ == "__main__":
    main()
