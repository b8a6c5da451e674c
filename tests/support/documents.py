"""The documents as data: their blocks of commands and their links."""

import re
from dataclasses import dataclass
from pathlib import Path

from support.tree import ROOT, repository_files, shown

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Command:
    """One command as a document prints it, continued lines included."""

    document: str
    text: str


def documents() -> list[Path]:
    """Every Markdown file for people, but not those that are templates for modules."""
    return [path for path in repository_files() if path.suffix == ".md" and "templates" not in path.parts]


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document that are in that language."""
    return [text for word, text in FENCE.findall(path.read_text(encoding="utf-8")) if word == language]


def commands(path: Path) -> list[Command]:
    """The commands of all `sh` blocks of a document, in order."""
    lines = "".join(blocks(path, "sh")).replace("\\\n", " ").splitlines()
    stripped = (re.sub(r"\s+# .*", "", re.sub(r"\s{2,}", " ", line)).strip() for line in lines)
    return [Command(shown(path), line) for line in stripped if line and not line.startswith("#")]


def links(path: Path) -> list[str]:
    """The targets of a document's links to other files, without what follows a #."""
    found = LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return [target.partition("#")[0] for target in found if not re.match(r"https?:|mailto:|#", target)]


def exists(path: Path, target: str) -> bool:
    """Whether a link of that document leads to a file of the repository."""
    return (path.parent / target).resolve() in _reachable()


def _reachable() -> set[Path]:
    files = {path.resolve() for path in repository_files()}
    return files | {folder for path in files for folder in path.parents if ROOT in folder.parents}
