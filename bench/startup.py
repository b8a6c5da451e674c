"""How much longer a hub takes to be ready because modules are installed: 0, 20 and 200 of them, enabled.

    python bench/startup.py [--rounds N]

Each round starts `klods serve` once with each number of modules, on an embedded server that is already running, and
waits until `/health/ready` says yes; the ratios are medians over rounds that take turns.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from klods.bootstrap import build, database
from klods.kernel.state import Activation, Active, Installation, Installed
from klods.settings import Settings

BUDGET = 1.2
MANIFEST = '{{"code": "{code}", "name": "{code}", "version": "1.0.0"}}'
ROUTER = """
from fastapi import APIRouter

router = APIRouter()


@router.get("/items/{item_id}")
def read_item(item_id: int) -> dict[str, int]:
    return {"item": item_id}
"""


def main() -> int:
    """Measure, print a table, and fail when the budget is exceeded."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        hubs = {count: prepared(Path(folder, str(count)), count, stack) for count in (0, 20, 200)}
        times: dict[int, list[float]] = {count: [] for count in hubs}
        for _ in range(rounds):
            for count, hub in hubs.items():
                times[count].append(start(hub))
    return report(times)


def prepared(home: Path, count: int, stack: ExitStack) -> dict[str, str]:
    """A hub with that many modules enabled, its database kept running; returns its environment."""
    environment = {"KLODS_HOME": str(home), "KLODS_MODULES_DIR": str(home / "folder")}
    settings = Settings(home=home, modules_dir=home / "folder")
    for number in range(count):
        write_module(settings.modules_dir / f"m{number}", f"m{number}")
    stack.enter_context(database(settings))
    with build(settings) as klods:
        with klods.states.change() as change:
            for module in klods.catalog().values():
                content = klods.contents.approve(module)
                change.save(Installation(module.code, Installed.INSTALLED, "1.0.0", content))
                change.save(Activation(module.code, 1, Active.ENABLED))
        klods.adopt()
    return os.environ | environment


def write_module(folder: Path, code: str) -> None:
    (folder / "backend").mkdir(parents=True)
    (folder / "module.json").write_text(MANIFEST.format(code=code))
    (folder / "backend/__init__.py").touch()
    (folder / "backend/router.py").write_text(ROUTER)


def start(environment: dict[str, str]) -> float:
    """The seconds from the start of the process to its being ready."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "klods", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        address = re.search(rb"http://\S+", server.stdout.readline())
        assert address is not None
        while not is_ready(address[0].decode()):
            time.sleep(0.002)
        seconds = time.perf_counter() - began
        server.terminate()
    return seconds


def is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/ready", timeout=30):
            return True
    except (urllib.error.HTTPError, OSError):
        return False


def report(times: dict[int, list[float]]) -> int:
    nothing = median(times[0])
    for count, seconds in times.items():
        print(
            f"ready with {count:>3} modules   {median(seconds):6.3f} s   ÷ with none {median(seconds) / nothing:5.2f}"
        )
    worst = median(times[200]) / nothing
    print(f"budget {BUDGET}: {'kept' if worst <= BUDGET else 'exceeded'}")
    return int(worst > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
