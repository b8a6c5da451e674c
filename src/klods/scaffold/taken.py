"""Which names and table prefixes can no longer be given to a module, and why."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

ENTRY_POINTS = "klods.modules"
BUILTIN = Path(__file__).parent.parent / "modules"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A module that is there already; codes that differ only in ``-`` and ``_`` collide."""

    python: str
    prefix: str
    reason: str
    """Why its name cannot be given again."""


def neighbours(modules_dir: Path) -> tuple[Neighbour, ...]:
    """Every module that a new one in this folder would live beside, read without running any code."""
    return (*_distributed(), *_builtin(), *_beside(modules_dir))


def free_prefix(python: str, around: tuple[Neighbour, ...]) -> str:
    """A table prefix that does not begin with another module's, nor another's with it."""
    words = (python, python.replace("_", ""), f"mod_{python}", *(f"mod{number}_{python}" for number in range(2, 100)))
    candidates = (f"{word}_" for word in words)
    return next(prefix for prefix in candidates if not any(_overlap(prefix, other.prefix) for other in around))


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _distributed() -> Iterator[Neighbour]:
    for point in entry_points(group=ENTRY_POINTS):
        yield _neighbour(point.name, {}, "an installed package has a module of that name")


def _builtin() -> Iterator[Neighbour]:
    for folder in _folders(BUILTIN):
        if folder.is_dir():
            yield _neighbour(folder.name, _manifest(folder), "a built-in module has that name")


def _beside(modules_dir: Path) -> Iterator[Neighbour]:
    for folder in _folders(modules_dir):
        manifest = _manifest(folder)
        yield _neighbour(folder.name, manifest, f"{folder} exists")
        if isinstance(code := manifest.get("code"), str):
            yield _neighbour(code, manifest, f"{folder} is a module of that name")


def _folders(base: Path) -> Iterator[Path]:
    if base.is_dir():
        yield from (Path(entry.path) for entry in os.scandir(base) if entry.name[0] not in "._")


def _neighbour(name: str, manifest: dict[str, Any], reason: str) -> Neighbour:
    python = name.replace("-", "_")
    prefix = manifest.get("table_prefix")
    return Neighbour(python, prefix if isinstance(prefix, str) and prefix else f"{python}_", reason)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "module.json"
    try:
        manifest = json.loads(path.read_text("utf-8-sig")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
