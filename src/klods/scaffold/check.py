"""Compares a module's folder with the structure: what is missing, misplaced or unknown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from klods.scaffold.structure import Folder, Structure, contents, matches, read_structure

ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a folder that is not as described; a warning stops nothing."""

    rule: str
    message: str
    path: str
    hint: str = ""
    warning: bool = True


def compare(folder: Path) -> tuple[Finding, ...]:
    """Everything in the module's folder that differs from the structure, in the order of the files."""
    structure = read_structure()
    paths = tuple(contents(folder))
    found = {*_strange(paths, structure), *_missing(paths, structure)}
    return tuple(sorted(found, key=lambda finding: (finding.path, finding.rule)))


def _missing(paths: Sequence[PurePosixPath], structure: Structure) -> Iterator[Finding]:
    for folder in structure.folders.values():
        inside = [path.relative_to(folder.path) for path in paths if folder.contains(path)]
        if inside and folder.expects and not any(matches(path, folder.expects) for path in inside):
            wanted = " or ".join(f"{folder.path}/{name}" for name in folder.expects)
            hint = f"{folder.path}/ holds {folder.holds}. Add {wanted}, or remove the folder."
            yield Finding("missing-file", f"{folder.path}/ has no {' or '.join(folder.expects)}", folder.path, hint)


def _strange(paths: Sequence[PurePosixPath], structure: Structure) -> Iterator[Finding]:
    for path in paths:
        folder = structure.folders.get(path.parts[0]) if len(path.parts) > 1 else None
        finding = _unread(path, folder) if folder else _undescribed(path, structure)
        if finding:
            yield finding


def _unread(path: PurePosixPath, folder: Folder) -> Finding | None:
    if folder.admits(path):
        return None
    return Finding("unknown-file", f"{path} is never read", str(path), f"Here belong: {', '.join(folder.only)}.")


def _undescribed(path: PurePosixPath, structure: Structure) -> Finding | None:
    if len(path.parts) == 1 and structure.describes(path.name):
        return None
    if home := structure.home_of(path):
        hint = f"Move it to {home.path}/{path.name}."
        return Finding("misplaced-file", f"{path} is not looked for here", str(path), hint, warning=False)
    return _unknown(path, structure)


def _unknown(path: PurePosixPath, structure: Structure) -> Finding | None:
    name, known = (path.name, structure.files) if len(path.parts) == 1 else (path.parts[0], structure.folders)
    if near := get_close_matches(name, known, n=1, cutoff=ALIKE):
        meant = known[near[0]]
        return Finding("unknown-file", f"{name} has no meaning", name, f"{meant.path} is for {meant.holds}.")
    if path.suffix == ".py":
        return None
    return Finding("unknown-file", f"{name} has no meaning for the host", name, "It is read only by your own code.")
