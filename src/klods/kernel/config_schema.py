"""What can be set for a module, as data: the JSON schema of its `config_schema`, or one made from its defaults."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

Schema = Mapping[str, Any]

_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model by the names of its fields; fields that have none are known by name only."""
    try:
        return model.model_json_schema(by_alias=False)
    except PydanticInvalidForJsonSchema:
        return {"properties": {name: _by_name(name, field.annotation) for name, field in model.model_fields.items()}}


def schema_from(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a module that has none of its own: every default is a setting of its type."""
    return {"properties": {name: {"title": name, "default": value} | _type(value) for name, value in defaults.items()}}


def names_of(schema: Schema) -> tuple[str, ...]:
    """The settings in their order."""
    return tuple(schema.get("properties", {}))


def secrets_of(schema: Schema) -> frozenset[str]:
    """The settings that are secret or hold a secret anywhere inside, and so are never shown."""
    known, definitions = schema.get("properties", {}), schema.get("$defs", {})
    return frozenset(name for name, found in known.items() if _holds_secret(found, definitions, frozenset()))


def defaults_of(schema: Schema) -> dict[str, Any]:
    """What holds for settings that nobody has said anything about; secrets are left out."""
    hidden = secrets_of(schema)
    known = schema.get("properties", {})
    return {name: found["default"] for name, found in known.items() if "default" in found and name not in hidden}


def _by_name(name: str, annotation: object) -> dict[str, Any]:
    return {"title": name} | ({"writeOnly": True} if "Secret" in repr(annotation) else {})


def _type(value: object) -> dict[str, Any]:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return {"type": "array", "items": {"type": "string"}}
    return next(({"type": name} for kind, name in _TYPES if isinstance(value, kind)), {})


def _holds_secret(found: Any, definitions: Schema, seen: frozenset[str]) -> bool:
    if isinstance(found, Mapping):
        if found.get("writeOnly") is True:
            return True
        reference = str(found.get("$ref", "")).rpartition("/")[2]
        if reference and reference not in seen:
            return _holds_secret(definitions.get(reference, {}), definitions, seen | {reference})
    return any(_holds_secret(part, definitions, seen) for part in _parts(found))


def _parts(found: Any) -> Iterator[Any]:
    if isinstance(found, Mapping):
        yield from (part for key, part in found.items() if key not in ("default", "examples"))
    elif isinstance(found, list):
        yield from found
