"""The migrations of one module as one line of revisions, read from its folder without running anything.

`NNN_name.sql` files and Alembic's `versions/*.py` files share the line. A `.sql` file is the revision `<code>_NNN` and
follows the numbered file before it, of either kind; a `.py` file says itself whom it follows.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal

from klods.errors import MigrationFailed
from klods.kernel.catalog import Module
from klods.kernel.migration_files import (
    DOWN_NAME,
    RULE,
    MigrationFile,
    Read,
    check_directives,
    read_python,
    read_sql,
    read_text,
)
from klods.kernel.problems import Problem, Problems


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a module's schema; `parent` is None for the first."""

    revision: str
    file: Path
    kind: Literal["sql", "py"]
    checksum: str
    parent: str | None = None
    down_file: Path | None = None
    transactional: bool = True


@dataclass(frozen=True, slots=True)
class Chain:
    """The revisions of one module, oldest first, and what is wrong with its files."""

    code: str
    revisions: tuple[Revision, ...] = ()
    problems: Problems = field(default_factory=Problems)

    @property
    def head(self) -> str | None:
        """The newest revision."""
        return self.revisions[-1].revision if self.revisions else None

    def after(self, current: str | None) -> tuple[Revision, ...]:
        """What is left to run from `current` on (None: from the beginning).

        Raises `MigrationFailed` when the database stands at a revision that the files do not have.
        """
        if current is None:
            return self.revisions
        for index, revision in enumerate(self.revisions):
            if revision.revision == current:
                return self.revisions[index + 1 :]
        reason = "the database stands at this revision, but the module has no file for it"
        raise MigrationFailed(module=self.code, revision=current, reason=reason, where="migrations")

    def __iter__(self) -> Iterator[Revision]:
        return iter(self.revisions)

    def __len__(self) -> int:
        return len(self.revisions)


def chain_of(module: Module) -> Chain:
    """The chain of a module, from the folder that its definition names."""
    return read_chain(module.code, module.source.folder / module.definition.migrations_path)


def read_chain(code: str, folder: Path) -> Chain:
    """Read a migrations folder, the one that holds `NNN_name.sql` and `versions/`; no folder is an empty chain."""
    files, problems = _read_files(code, folder)
    downs, misplaced = _down_files(code, folder, files)
    unique = {file.revision: file for file in reversed(files)}
    parents = _parents(files)
    line = _walk(unique, parents)
    problems += misplaced
    for rule in (_doubles, _gaps):
        problems += rule(code, files)
    for check in (_missing_parents, _branches, _rings):
        problems += check(code, unique, parents)
    revisions = tuple(_revision(unique[name], parents[name], downs) for name in line)
    return Chain(code, revisions, Problems(problems))


def _read_files(code: str, folder: Path) -> tuple[list[MigrationFile], list[Problem]]:
    files: list[MigrationFile] = []
    problems: list[Problem] = []
    for found in _found(code, folder):
        (problems if isinstance(found, Problem) else files).append(found)  # type: ignore[arg-type]
    files.sort(key=lambda file: (file.number is None, file.number or 0, file.path.name))
    return files, problems


def _found(code: str, folder: Path) -> Iterator[Read]:
    for path in _listed(folder, ".sql"):
        if not path.name.endswith(".down.sql"):
            yield from read_sql(code, path)
    for path in _listed(folder / "versions", ".py"):
        yield from read_python(code, path)
    for path in _listed(folder / "versions", ".sql"):
        hint = f"Move it to {folder.name}/."
        yield Problem(code, RULE, "a .sql file in versions/ would never run", str(path), 1, hint)


def _listed(folder: Path, suffix: str) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == suffix and path.name[0] not in "._")


def _down_files(code: str, folder: Path, files: Sequence[MigrationFile]) -> tuple[dict[int, Path], list[Problem]]:
    ups = {file.number for file in files if file.kind == "sql"}
    downs: dict[int, Path] = {}
    problems: list[Problem] = []
    for path in _listed(folder, ".sql"):
        if not path.name.endswith(".down.sql"):
            continue
        name = DOWN_NAME.match(path.name)
        number = int(name["number"]) if name else None
        if number is None or number not in ups:
            problems.append(Problem(code, RULE, "there is no migration that this file could take back", str(path), 1))
        elif number in downs:
            problems.append(Problem(code, RULE, f"{downs[number].name} takes the same one back", str(path), 1))
        else:
            downs[number] = path
        text = read_text(code, path)
        problems += [text] if isinstance(text, Problem) else check_directives(code, path, text)
    return downs, problems


def _parents(files: Sequence[MigrationFile]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    before: MigrationFile | None = None
    for file in files:
        follows = file.parent if file.kind == "py" else before.revision if before else None
        parents.setdefault(file.revision, follows)
        if file.number is not None and (before is None or file.number != before.number):
            before = file
    return parents


def _walk(files: Mapping[str, MigrationFile], parents: Mapping[str, str | None]) -> list[str]:
    following: dict[str | None, str] = {}
    for name, parent in parents.items():
        following.setdefault(parent, name)
    line: list[str] = []
    step = following.get(None)
    while step is not None and step in files and step not in line:
        line.append(step)
        step = following.get(step)
    return line


def _revision(file: MigrationFile, parent: str | None, downs: Mapping[int, Path]) -> Revision:
    return Revision(
        revision=file.revision,
        file=file.path,
        kind=file.kind,
        checksum=hashlib.sha256(file.text.encode()).hexdigest(),
        parent=parent,
        down_file=downs.get(file.number) if file.kind == "sql" and file.number is not None else None,
        transactional=file.transactional,
    )


def _doubles(code: str, files: Sequence[MigrationFile]) -> Iterator[Problem]:
    numbers: dict[int, MigrationFile] = {}
    revisions: dict[str, MigrationFile] = {}
    for file in files:
        taken = ""
        if revisions.setdefault(file.revision, file) is not file:
            taken = f"revision {file.revision} is taken by {revisions[file.revision].path.name}"
        if file.number is not None and numbers.setdefault(file.number, file) is not file:
            taken = f"number {file.number:03} is taken by {numbers[file.number].path.name}"
        if taken:
            yield Problem(code, RULE, taken, str(file.path), 1, "Give it the next free number.")


HOST_CODE = "klods"
"""The host's own line, whose numbers are given out before the files are there."""


def _gaps(code: str, files: Sequence[MigrationFile]) -> Iterator[Problem]:
    if all(file.kind == "py" for file in files) or code == HOST_CODE:
        return
    numbered = [(file.number, file) for file in files if file.number is not None]
    for (before, _), (number, file) in pairwise([(0, numbered[0][1]), *numbered]):
        if number > before + 1:
            message = f"number {before + 1:03} is missing before {file.path.name}"
            yield Problem(code, RULE, message, str(file.path), 1, "Bring the lost file back, or number without gaps.")


def _missing_parents(
    code: str, files: Mapping[str, MigrationFile], parents: Mapping[str, str | None]
) -> Iterator[Problem]:
    for name, parent in parents.items():
        if parent is not None and parent not in files:
            message = f"{name} follows {parent}, which does not exist"
            yield Problem(code, RULE, message, str(files[name].path), files[name].line)


def _branches(code: str, files: Mapping[str, MigrationFile], parents: Mapping[str, str | None]) -> Iterator[Problem]:
    first: dict[str | None, str] = {}
    for name, parent in parents.items():
        if first.setdefault(parent, name) == name:
            continue
        spot = f"both follow {parent}" if parent else "both say they are the first"
        message = f"{first[parent]} and {name} {spot}, so there would be two heads"
        hint = f"Let {name} follow the other, and number the files in that order."
        yield Problem(code, RULE, message, str(files[name].path), files[name].line, hint)


def _rings(code: str, files: Mapping[str, MigrationFile], parents: Mapping[str, str | None]) -> Iterator[Problem]:
    settled: set[str] = set()
    for start in parents:
        path: list[str] = []
        step: str | None = start
        while step is not None and step in files and step not in settled and step not in path:
            path.append(step)
            step = parents[step]
        if step in path:
            ring = path[path.index(step) :]
            file = files[min(ring)]
            message = f"these follow each other in a ring: {' → '.join([*ring, ring[0]])}"
            yield Problem(code, RULE, message, str(file.path), file.line)
        settled.update(path)
