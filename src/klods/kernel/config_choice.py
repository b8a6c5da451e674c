"""Decides which settings of a module may be set, before its schema looks at the values."""

import json
import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from klods.errors import InvalidConfig
from klods.kernel.config import SWITCHES, WORDS
from klods.kernel.config_schema import Schema, names_of, schema_from
from klods.kernel.definition import ModuleDefinition
from klods.kernel.names import environment_prefix

LONGEST = 50_000
"""Of one value, as JSON: every process holds all of them, and the history keeps each for good."""

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def schema_for(schema: Schema, definition: ModuleDefinition) -> Schema:
    """What can be set: as the module's schema says, or its defaults where it has none."""
    return schema or schema_from(definition.default_config)


def checked_names(
    schema: Schema, definition: ModuleDefinition, environment: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """What was given under the names of the module, however they were spelled; raise `InvalidConfig` with every fault."""
    known = {name.lower(): name for name in names_of(schema)}
    fixed = {name.lower() for name in environment}
    faults = {}
    for name in given:
        if reason := _why_not(name.lower(), known, fixed, definition.code):
            faults[name] = {"type": "config_name", "msg": reason, "ctx": {}, "variable": name}
    if faults:
        reason = "; ".join(f"{name}: {fault['msg']}" for name, fault in faults.items())
        raise InvalidConfig(module=definition.code, reason=reason, faults=faults)
    return {known[name.lower()]: value for name, value in given.items()}


def refuse_unstorable(code: str, values: Mapping[str, Any]) -> None:
    """Raise `InvalidConfig` with every value that no row of the database can hold, or only at the cost of everybody."""
    reasons = {name: reason for name, value in values.items() if (reason := _why_unstorable(value))}
    if reasons:
        faults = {name: {"type": "config_kind", "msg": it, "ctx": {}, "variable": name} for name, it in reasons.items()}
        raise InvalidConfig(
            module=code, reason="; ".join(f"{name}: {it}" for name, it in reasons.items()), faults=faults
        )


def _why_unstorable(value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return "numbers must be finite, and texts Unicode"
    if _NUL.search(text):
        return "a text cannot hold a NUL character"
    return f"it is longer than {LONGEST:,} characters" if len(text) > LONGEST else ""


def _why_not(name: str, known: Mapping[str, str], fixed: set[str], code: str) -> str:
    if name in SWITCHES:
        return f"safety switches are turned with `klods module live {code}` and `klods module hold {code}`"
    if name not in known:
        close = get_close_matches(name, known, n=1)
        return "there is no such setting" + (f"; did you mean {known[close[0]]}?" if close else "")
    if name in fixed:
        return f"{environment_prefix(code)}{name.upper()} in the environment of the hub says it already"
    return ""


def typed_by_defaults(definition: ModuleDefinition, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, each as a value of the kind of its default, for modules without a schema; raise `InvalidConfig`."""
    typed, faults = {}, {}
    for name, value in given.items():
        example = definition.default_config.get(name)
        try:
            typed[name] = _typed(value, example)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            message = f"a value like {example!r} is needed"
            faults[name] = {"type": "config_kind", "msg": message, "ctx": {}, "variable": name}
    if faults:
        reason = "; ".join(f"{name}: {fault['msg']}" for name, fault in faults.items())
        raise InvalidConfig(module=definition.code, reason=reason, faults=faults)
    return typed


def _typed(value: Any, example: Any) -> Any:
    """The value, if it is of the kind of the example or a text that spells one; raise ValueError or KeyError."""
    match example:
        case bool():
            return value if isinstance(value, bool) else WORDS[str(value).strip().lower()]
        case int() | float() if not isinstance(value, bool):
            number = float(value)
            return int(value) if isinstance(example, int) and number.is_integer() else _fraction(number, example)
        case str() if isinstance(value, str):
            return value
        case list() | tuple() | dict():
            found = json.loads(value) if isinstance(value, str) else value
            if isinstance(found, dict) is isinstance(example, dict) and isinstance(found, list | dict):
                return found
        case None:
            return value
    raise ValueError


def _fraction(number: float, example: float) -> float:
    if isinstance(example, int) or not math.isfinite(number):
        raise ValueError
    return number
