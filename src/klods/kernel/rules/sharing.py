"""Which tables all platforms would share, as far as the SQL of migrations tells; the database knows it for certain."""

import re
from collections.abc import Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.migrations import chain_of
from klods.kernel.plain_files import read_plain_text
from klods.kernel.problems import Problem

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_STATEMENT = re.compile(r"[^;]+")
_MADE = re.compile(r"\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?(?:public\.)?\"?(\w+)", re.IGNORECASE)
_COPIED = re.compile(r"\b(as|like|inherits|partition\s+of)\b", re.IGNORECASE)
"""What is made after another table's pattern has columns that are not written there."""

_HINT = (
    "Give it a column platform_id bigint NOT NULL DEFAULT klods.platform(); or leave it, and say --shared on each"
    " further platform."
)


def sharing_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Tables that are made without a `platform_id` and get none later."""
    del catalog
    texts = {it.file: read_plain_text(it.file) for it in chain_of(module) if it.kind == "sql"}
    later = " ".join(text for text in texts.values() if "platform_id" in text)
    for file, text in texts.items():
        for name, line in _without(text):
            if not re.search(rf"\balter\s+table\s+[^;]*\b{name}\b[^;]*\bplatform_id\b", later, re.IGNORECASE):
                message = f"the table {name} has no platform_id: every platform would see the same rows"
                yield Problem(module.code, "shared", message, str(file), line, _HINT, warning=True)


def _without(text: str) -> Iterator[tuple[str, int]]:
    """The tables that a file makes without the column, and their lines."""
    plain = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    for statement in _STATEMENT.finditer(plain):
        made = _MADE.match(statement[0])
        if made and "platform_id" not in statement[0] and not _COPIED.search(statement[0]):
            yield made[1], plain.count("\n", 0, statement.start() + made.start(1)) + 1
