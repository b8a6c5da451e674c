"""What `klods --help` costs beside importing click: whole processes, in turns, minimum and median.

python bench/command.py [--rounds N]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

BUDGET = 1.3
HELP = (sys.executable, "-m", "klods", "--help")
CLICK = (sys.executable, "-c", "import click")


def main() -> int:
    """Measure, print a table, and fail when the budget is exceeded."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=25)
    rounds = options.parse_args().rounds
    pairs = [(seconds(HELP), seconds(CLICK)) for _ in range(rounds + 1)][1:]
    ratio = median(ours / theirs for ours, theirs in pairs)
    print(f"klods --help  median {median(ours for ours, _ in pairs) * 1e3:6.1f} ms")
    print(f"import click  median {median(theirs for _, theirs in pairs) * 1e3:6.1f} ms")
    print(f"{ratio:8.2f}  klods --help / import click  (budget {BUDGET})")
    return int(ratio > BUDGET)


def seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
