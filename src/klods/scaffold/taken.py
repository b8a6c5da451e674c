"""Which names can no longer be given to a module, and why."""

import json
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

ENTRY_POINTS = "klods.modules"


def taken(modules_dir: Path) -> Mapping[str, str]:
    """The reason for each taken name, by its Python spelling: codes that differ only in ``-`` and ``_`` collide."""
    return {name.replace("-", "_"): reason for name, reason in _names(modules_dir)}


def _names(modules_dir: Path) -> Iterator[tuple[str, str]]:
    for distributed in entry_points(group=ENTRY_POINTS):
        yield distributed.name, "an installed package has a module of that name"
    for folder in _folders(modules_dir):
        yield _code(folder), f"{folder} is a module of that name"
        yield folder.name, f"{folder} exists"
    for folder in _builtin():
        yield folder.name, "a built-in module has that name"


def _folders(base: Path) -> Iterator[Path]:
    if base.is_dir():
        yield from (Path(entry.path) for entry in os.scandir(base) if not entry.name.startswith("."))


def _builtin() -> Iterator[Path]:
    # Found, not imported: nothing here may run a module's code.
    found = find_spec("klods.modules")
    for base in (found and found.submodule_search_locations) or ():
        yield from (folder for folder in _folders(Path(base)) if folder.is_dir() and folder.name[0] != "_")


def _code(folder: Path) -> str:
    try:
        code = json.loads((folder / "module.json").read_text("utf-8"))["code"]
    except (OSError, ValueError, KeyError, TypeError):
        return folder.name
    return code if isinstance(code, str) else folder.name
