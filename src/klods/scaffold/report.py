"""What a person, or a program, is told about a module that was just made."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from klods.scaffold.create import Created


def next_steps(made: Created) -> Sequence[tuple[str, str]]:
    """What to run or open now, and what each does."""
    return (
        (f"klods module enable {made.code}", "migrates it and switches it on, also in a running hub; dry"),
        (f"klods module live {made.code}", "keeps what it does from then on"),
        (f"http://127.0.0.1:8000/{made.code}", "is its page in a hub on the usual port"),
        (f"pytest {short(made.folder)}", "runs its own tests"),
        (f"klods module check {made.code}", "reports what is wrong after you changed it"),
    )


def in_words(made: Created) -> str:
    """What was made and what to do next, in words."""
    steps = next_steps(made)
    width = max(len(step) for step, _ in steps)
    lines = (f"  {step:{width}}  {does}" for step, does in steps)
    return "\n".join([f"Made {made.code}: {len(made.files)} files in {short(made.folder)}.", "", "Next:", *lines])


def as_data(made: Created) -> dict[str, Any]:
    """What was made and what to do next, as data."""
    return {
        "code": made.code,
        "name": made.name,
        "description": made.description,
        "template": made.template,
        "folder": str(made.folder),
        "files": list(made.files),
        "next": [{"step": step, "does": does} for step, does in next_steps(made)],
    }


def short(path: Path) -> str:
    """The path as it is quickest to type from here."""
    return os.path.relpath(path) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)
