"""Fields of a form, found in the schema of a model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

INPUTS = {"date": "date", "date-time": "datetime-local", "time": "time", "password": "password", "email": "email"}
LONG_TEXT = 300
"""From so many characters on a text has several lines."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it is called, how it is filled in, and its limits."""

    name: str
    input: str
    """``text``, ``long``, ``whole``, ``number``, ``flag``, ``choice``, ``lines``, ``date``, ``datetime-local``, ``time``,
    ``email`` or ``password``."""

    title: str
    help: str = ""
    required: bool = False
    nullable: bool = False
    """Whether nothing is a value of its own."""

    choices: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """What choices are called that no locale file knows."""

    limits: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the input: ``min``, ``max``, ``step``, ``maxlength``."""

    start: Any = None
    """What an empty form holds."""

    @property
    def is_secret(self) -> bool:
        """Whether its value is never sent to a browser."""
        return self.input == "password"


def fields_of(model: type[BaseModel]) -> Iterator[Field]:
    """The fields of a model, in its order; raise TypeError for what no form can hold."""
    for found in fields_in(model.model_json_schema()):
        if not found.input:
            message = (
                f"{model.__name__}.{found.name} cannot be a field of a form: forms hold texts, numbers, dates, choices, flags and"
                " lists of texts; take it out of the model of the form"
            )
            raise TypeError(message)
        yield found


def fields_in(schema: Mapping[str, Any], otherwise: str = "") -> Iterator[Field]:
    """The fields of a JSON schema, in its order; `otherwise` is the input of what no form can hold."""
    required = frozenset(schema.get("required", ()))
    for name, found in schema.get("properties", {}).items():
        value, nullable = _inner(found, schema.get("$defs", {}))
        kind = _input(value, found) or otherwise
        yield Field(
            name,
            kind,
            title=found.get("title") or name,
            help=found.get("description", ""),
            required=name in required and kind != "flag" and not nullable,
            nullable=nullable,
            choices=_choices(value),
            limits=dict(_limits(value, kind)),
            start=found.get("default"),
        )


def _inner(found: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The schema of the value itself, references followed, and whether null may stand in its place."""
    if "$ref" in found:
        return _inner({**definitions[found["$ref"].rpartition("/")[2]]}, definitions)
    ways = found.get("anyOf", found.get("oneOf"))
    if ways is None:
        return found, False
    real = [_inner(way, definitions)[0] for way in ways if way.get("type") != "null"]
    nullable = len(real) < len(ways)
    numbers = [way for way in real if way.get("type") in ("number", "integer")]
    # A Decimal is a number or a text that looks like one.
    return (numbers or real)[0] if numbers or len(real) == 1 else {}, nullable


def _input(value: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    kind = value.get("type")
    if "enum" in value or "const" in value:
        return "choice"
    if kind == "array":
        return "lines" if value.get("items", {}).get("type") == "string" else None
    if kind == "string":
        return INPUTS.get(value.get("format", ""), "long" if _is_long(value, found) else "text")
    return {"boolean": "flag", "integer": "whole", "number": "number"}.get(str(kind))


def _is_long(value: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return bool(found.get("long", value.get("maxLength", 0) >= LONG_TEXT))


def _choices(value: Mapping[str, Any]) -> tuple[str, ...]:
    known = value.get("enum", [value["const"]] if "const" in value else [])
    return tuple(str(choice) for choice in known if choice is not None)


def _limits(value: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    if "maxLength" in value:
        yield "maxlength", value["maxLength"]
    if kind in ("whole", "number"):
        for name, key in (
            ("min", "minimum"),
            ("min", "exclusiveMinimum"),
            ("max", "maximum"),
            ("max", "exclusiveMaximum"),
        ):
            if key in value:
                yield name, value[key]
        yield "step", 1 if kind == "whole" else "any"
