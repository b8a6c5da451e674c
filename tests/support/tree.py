"""The repository as files, for tests that read it instead of running it."""

import ast
import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "klods"
NOT_OURS = {
    ".git", ".venv", ".klods", "__pycache__", "dist",
    ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".grimp_cache",
}  # fmt: skip
DATA_FOLDERS = {"templates", "static", "locales", "migrations"}


@cache
def python_files() -> tuple[Path, ...]:
    """Every Python file of the package that is code, not a template for somebody's module."""
    return tuple(sorted(path for path in SOURCE.rglob("*.py") if not _is_data(path)))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    """The import name of a file of the package."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def shown(path: Path) -> str:
    """A path as people write it."""
    return path.relative_to(ROOT).as_posix()


@cache
def repository_files() -> tuple[Path, ...]:
    """The files under version control, or what a fresh copy without history holds."""
    return tuple(path for path in (_tracked() or _walked()) if path.is_file())


def _tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return sorted(ROOT / name for name in listed.stdout.split("\0") if name)


def _walked() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and Path(folder, name) != ROOT / "modules"]
        found += [Path(folder, name) for name in files]
    return sorted(found)


def _is_data(path: Path) -> bool:
    return bool(DATA_FOLDERS & set(path.relative_to(SOURCE).parts[:-1]))
