"""A module definition as plain data and back, for the way between two processes and for the cache."""

from dataclasses import fields
from typing import Any

from klods.errors import InvalidDefinition
from klods.kernel.definition import FrontendType, MenuItem, ModuleDefinition, Requirement
from klods.kernel.parts import LIVE
from klods.kernel.personal import Retention


def definition_to_data(definition: object) -> dict[str, Any]:
    """Everything of a definition but its callables, as JSON values."""
    return {
        entry.name: _plain(getattr(definition, entry.name))
        for entry in fields(ModuleDefinition)
        if entry.name not in LIVE
    }


def definition_from_data(data: Any) -> ModuleDefinition:
    """The definition that `definition_to_data` took apart, without its callables; raise `ValueError` for anything else."""
    try:
        return ModuleDefinition(**dict(data))
    except (TypeError, AttributeError, InvalidDefinition) as error:
        raise ValueError(f"this is no definition: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Requirement):
        return str(value)
    if isinstance(value, (MenuItem, Retention)):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {str(FrontendType(key) if isinstance(key, FrontendType) else key): _plain(v) for key, v in value.items()}
    return value
