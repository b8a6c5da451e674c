"""From a row about a sign-in or a token to the subject it stands for."""

from dataclasses import fields
from typing import Any

from klods.kernel.definition import FrontendType
from klods.kernel.subject import Subject


def subject_of(row: dict[str, Any] | None) -> Subject | None:
    """The subject that a row describes."""
    if row is None:
        return None
    known = {entry.name: row[entry.name] for entry in fields(Subject)}
    return Subject(**known | {"kind": FrontendType(row["kind"])})
