"""The description of a module's folder, read from `structure.toml`: what stands where, and what is made from what."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"

NEVER_CONTENT = frozenset({"__pycache__", "node_modules"})
"""Folders that tools leave behind; together with everything hidden they are no part of a module."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that has a meaning in the module's own folder."""

    path: str
    holds: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that has a meaning, and what is expected and allowed in it."""

    path: str
    holds: str
    expects: tuple[str, ...] = ()
    home_of: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def contains(self, path: PurePosixPath) -> bool:
        """Whether the path, relative to the module, lies in this folder."""
        return path.parts[0] == self.path

    def admits(self, path: PurePosixPath) -> bool:
        """Whether the host would ever read that file of the folder."""
        return not self.only or matches(path.relative_to(self.path), self.only)


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of new module: layers of real files, the later ones over the earlier ones."""

    name: str
    summary: str
    layers: tuple[str, ...]
    leaves_out: tuple[str, ...]

    def files(self) -> Mapping[PurePosixPath, Path]:
        """Every file of a new module, by its path in the module."""
        found = {path: TEMPLATES / layer / path for layer in self.layers for path in contents(TEMPLATES / layer)}
        return {path: source for path, source in sorted(found.items()) if str(path) not in self.leaves_out}


@dataclass(frozen=True, slots=True)
class Structure:
    """Everything that has a meaning in a module's folder."""

    files: Mapping[str, File]
    folders: Mapping[str, Folder]
    templates: Mapping[str, Template]

    def describes(self, name: str) -> bool:
        """Whether a file of that name has a meaning in the module's own folder."""
        return fits(name, self.files)

    def home_of(self, path: PurePosixPath) -> Folder | None:
        """The only folder in which the host looks for a file of that name."""
        return next((folder for folder in self.folders.values() if fits(path.name, folder.home_of)), None)


def contents(folder: Path) -> Iterator[PurePosixPath]:
    """The files of a module's folder, relative to it and in order, without what tools and editors leave behind."""
    for path in sorted(folder.rglob("*")):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_file() and not any(part in NEVER_CONTENT or part.startswith(".") for part in relative.parts):
            yield relative


def matches(path: PurePosixPath, patterns: Iterable[str]) -> bool:
    """Whether a path fits one of the patterns; ``**/`` stands for any number of folders, none included."""
    return any(
        path.match(pattern[3:]) if pattern.startswith("**/") else _same_depth(path, PurePosixPath(pattern))
        for pattern in patterns
    )


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether a file's name fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _same_depth(path: PurePosixPath, pattern: PurePosixPath) -> bool:
    return len(path.parts) == len(pattern.parts) and path.match(str(pattern))


@cache
def read_structure() -> Structure:
    """The description that both `create` and `check` go by."""
    data = tomllib.loads((HERE / "structure.toml").read_text("utf-8"))
    return Structure(
        files={entry["path"]: File(**entry) for entry in data["file"]},
        folders={entry["path"]: Folder(**_tuples(entry)) for entry in data["folder"]},
        templates={name: Template(name, **_tuples(entry)) for name, entry in data["template"].items()},
    )


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
