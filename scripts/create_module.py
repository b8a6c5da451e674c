#!/usr/bin/env python3
"""Make a new module: python scripts/create_module.py CODE "Description" [--template basic|full] [--modules-dir DIR].

The same as `klods module create`, for a fresh clone: it runs in .venv if that is there, and otherwise with any
Python from 3.11 on, with or without the packages that Klods needs.
"""

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IN_VENV = ROOT / ".venv" / "bin" / "python"
SECOND_RUN = "KLODS_CREATE_IN_VENV"


def main(arguments: list[str]) -> int:
    """Make the module with the best Python there is."""
    if IN_VENV.exists() and SECOND_RUN not in os.environ:
        os.environ[SECOND_RUN] = "1"
        os.execv(IN_VENV, [str(IN_VENV), __file__, *arguments])  # noqa: S606
    if sys.version_info < (3, 11):  # noqa: UP036
        sys.stderr.write("Klods needs Python 3.11 or later.\n")
        return 2
    sys.path.insert(0, str(ROOT / "src"))
    try:
        from klods.cli.main import main as klods
    except ModuleNotFoundError as error:
        if str(error.name).startswith("klods"):
            raise
        return without_packages(arguments)
    return klods(["module", "create", *arguments])


def without_packages(arguments: list[str]) -> int:
    """Do what `klods module create` does with nothing but Python."""
    from klods.errors import Invalid, KlodsError
    from klods.kernel.names import check_code
    from klods.scaffold.create import create_module
    from klods.scaffold.report import as_data, in_words
    from klods.scaffold.structure import read_structure
    from klods.scaffold.words import Words

    given = read_arguments(arguments, tuple(read_structure().templates))
    try:
        made = create_module(Words(check_code(given.code), given.description), given.modules_dir, given.template)
    except KlodsError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2 if isinstance(error, Invalid) else 3
    sys.stdout.write((json.dumps(as_data(made)) if given.json else in_words(made)) + "\n")
    return 0


def read_arguments(arguments: list[str], templates: tuple[str, ...]) -> argparse.Namespace:
    """What the command line says; the same words as `klods module create` knows."""
    parser = argparse.ArgumentParser(prog="create_module.py", description="Make a new module.")
    parser.add_argument("code", help="its unique name: lower-case letters and digits, parted by single _ or -")
    parser.add_argument("description", nargs="?", default="")
    parser.add_argument("--template", choices=templates, default="basic")
    parser.add_argument("--modules-dir", type=Path, default=Path(os.environ.get("KLODS_MODULES_DIR", "modules")))
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
