"""What may pass from one module to another: values that stay what they are when the call is over."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel

ATOMS = (
    type(None), bool, int, float, str, bytes, Decimal, date, time, timedelta, UUID, Enum, PurePath,
    IPv4Address, IPv6Address,
)  # fmt: skip
"""Values that hold no others; a datetime is a date."""


def why_not_plain(value: Any) -> str:
    """What about the value is tied to the module it comes from; empty when it is plain all through."""
    waiting = [value]
    while waiting:
        it = waiting.pop()
        if isinstance(it, ATOMS):
            continue
        if (inner := _inside(it)) is None:
            return _described(it)
        waiting += inner
    return ""


def _inside(value: Any) -> list[Any] | None:
    """The values that a plain container or a frozen contract holds; None for anything else."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, Mapping) and type(value).__module__ in ("builtins", "collections"):
        return [*value.keys(), *value.values()]
    if isinstance(value, BaseModel):
        return list(_of_model(value)) if value.model_config.get("frozen") else None
    if is_dataclass(value) and not isinstance(value, type) and type(value).__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return [getattr(value, field.name) for field in fields(value)]
    return None


def _of_model(value: BaseModel) -> Iterator[Any]:
    yield from (held for _, held in value)
    yield from (value.model_extra or {}).values()


def _described(value: Any) -> str:
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(value, BaseModel) or is_dataclass(kind):
        return f"{name}, which is not frozen"
    return name
