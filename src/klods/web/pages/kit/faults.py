"""What is wrong with a field, as a key of a text and its values, out of what Pydantic says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEYS: Mapping[str, str] = {
    "missing": "missing",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "pattern",
    "greater_than": "greater_than",
    "greater_than_equal": "at_least",
    "less_than": "less_than",
    "less_than_equal": "at_most",
    "multiple_of": "multiple",
    "decimal_max_places": "places",
    "decimal_max_digits": "digits",
    "decimal_whole_digits": "digits",
    "enum": "choice",
    "literal_error": "choice",
    "too_short": "too_few",
    "too_long": "too_many",
}
"""The texts under ``kit.fault`` by the kinds of errors that Pydantic tells apart."""

LIMITS = (
    "min_length",
    "max_length",
    "ge",
    "gt",
    "le",
    "lt",
    "multiple_of",
    "decimal_places",
    "max_digits",
    "whole_digits",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A text by its key."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


def fault_of(wrong: Mapping[str, Any], *, is_empty: bool) -> Fault:
    """What to tell a person; a field that was left empty is missing, whatever its value would have to be."""
    if is_empty:
        return Fault("kit.fault.missing")
    kind, context = wrong["type"], wrong.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return Fault(str(context.get("error", wrong["msg"])))
    limit = next((context[name] for name in LIMITS if name in context), "")
    if kind in KEYS:
        return Fault(f"kit.fault.{KEYS[kind]}", {"limit": limit, "count": limit})
    for family in ("int", "float", "decimal", "date", "time", "datetime"):
        if kind.startswith(f"{family}_"):
            return Fault(f"kit.fault.{'number' if family in ('int', 'float', 'decimal') else 'date'}")
    return Fault("kit.fault.unusable", {"reason": wrong["msg"]})
