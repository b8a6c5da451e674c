"""All measurements, one after the other: ``python bench``; ends with 1 when a budget is exceeded."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("command", "routing", "unit", "dry", "startup", "toggle")


def main() -> int:
    """Run every script and print what each one prints."""
    worst = 0
    for name in SCRIPTS:
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, Path(__file__).with_name(f"{name}.py")], check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
