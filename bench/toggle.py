"""How soon every process has followed a switch: commit to last acknowledgement, beside a healthy request's p99.

    python bench/toggle.py [--rounds N] [--workers N]

A hub is served by several processes while one module is called at a constant rate; another module is switched on and
off by this process. What is timed is the wait that begins with the commit and ends with the last acknowledgement.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from klods.bootstrap import Klods, build, database
from klods.db.processes import LiveProcesses
from klods.kernel.history import Acknowledgement
from klods.kernel.plan import Action
from klods.scaffold.create import create_module
from klods.scaffold.words import Words
from klods.settings import Settings
from klods.web.auth.tokens import issue_token

LOAD = Path(__file__).parents[1] / "tests/support/load.py"
BUDGET = 3.0


@dataclass
class Timed:
    """The processes port with a clock."""

    real: LiveProcesses
    seconds: list[float] = field(default_factory=list)

    def wait(self, generation: int, seconds: float) -> Acknowledgement:
        began = time.perf_counter()
        followed = self.real.wait(generation, seconds)
        self.seconds.append(time.perf_counter() - began)
        return followed


def main() -> int:
    """Measure, print a table, and fail when the budget is exceeded or a healthy request failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--workers", type=int, default=4)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder, "home"), modules_dir=Path(folder, "modules"))
        for code in ("healthy", "switched"):
            create_module(Words(code, code), settings.modules_dir)
        with database(settings), build(settings) as klods:
            klods.lifecycle.apply(klods.lifecycle.plan(Action.ENABLE, "healthy", 1), actor="bench")
            return report(*measure(klods, settings, chosen))


def measure(klods: Klods, settings: Settings, chosen: argparse.Namespace) -> tuple[dict[str, float], list[float]]:
    """What was counted of the healthy module, and the seconds of every switch."""
    token = issue_token(klods.people, "bench", klods.people.accounts.first_admin().on(1))
    timed = Timed(klods.processes)
    lifecycle = replace(klods.lifecycle, processes=timed)
    environment = os.environ | {"KLODS_HOME": str(settings.home), "KLODS_MODULES_DIR": str(settings.modules_dir)}
    command = [sys.executable, "-m", "klods", "serve", "--port", "0", "--workers", str(chosen.workers)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        address = re.search(rb"http://\S+", server.stdout.readline())
        assert address is not None
        while len(klods.processes.living()) < chosen.workers:
            time.sleep(0.05)
        with load(f"{address[0].decode()}/api/v1/healthy/items", token) as caller:
            for _ in range(chosen.rounds):
                for action in (Action.ENABLE, Action.DISABLE):
                    lifecycle.apply(lifecycle.plan(action, "switched", 1), actor="bench")
                    time.sleep(0.1)
            counted = json.loads(caller.communicate()[0])
        server.terminate()
    return counted, timed.seconds


def load(url: str, token: str) -> "subprocess.Popen[str]":
    """A constant load until its standard input is closed."""
    command = [sys.executable, str(LOAD), url, "--rate", "150", "--seconds", "600"]
    header = f"Authorization: Bearer {token}"
    pipe = subprocess.PIPE
    return subprocess.Popen([*command, "--header", header], stdin=pipe, stdout=pipe, text=True)


def report(counted: dict[str, float], seconds: list[float]) -> int:
    ratio = median(seconds) / counted["p99"]
    print(f"healthy: {counted['requests']} requests, {counted['per_second']:.0f}/s, {counted['failures']} failed")
    print(f"healthy: p50 {counted['p50'] * 1e3:.1f} ms, p99 {counted['p99'] * 1e3:.1f} ms")
    print(f"switch:  median {median(seconds) * 1e3:.1f} ms, worst {max(seconds) * 1e3:.1f} ms, of {len(seconds)}")
    print(f"{ratio:8.2f}  commit to last acknowledgement / p99 of a healthy request  (budget {BUDGET})")
    return int(ratio > BUDGET or counted["failures"] > 0)


if __name__ == "__main__":
    sys.exit(main())
