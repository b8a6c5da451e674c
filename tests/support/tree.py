"""The repository as files, for tests that read it instead of running it."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "klods"
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
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        found = (ROOT / name for name in listed.stdout.split("\0") if name)
    else:
        unwanted = {".venv", "__pycache__", ".klods", "modules", "build", "dist"}
        found = (
            path for path in ROOT.rglob("*") if not unwanted & {*path.relative_to(ROOT).parts[:1], path.parent.name}
        )
    return tuple(sorted(path for path in found if path.is_file()))


def _is_data(path: Path) -> bool:
    return bool(DATA_FOLDERS & set(path.relative_to(SOURCE).parts[:-1]))
