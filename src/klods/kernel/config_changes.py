"""Decides what a change of a configuration stores, and what its history says of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from klods.kernel.state import StoredConfig


@dataclass(frozen=True, slots=True)
class NewConfig:
    """What is to be stored in the place of a row, secrets encrypted."""

    before: StoredConfig
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    why: str = ""
    undoes: int = 0

    @property
    def changes(self) -> tuple[dict[str, Any], ...]:
        """What differs, by name: values before and after, and of a secret only whether there is one."""
        old, new = self.before, self
        names = sorted(old.names | set(new.values) | set(new.secrets))
        said = (_difference(name, old, new) for name in names)
        return tuple(change for change in said if change)


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """One entry of the history."""

    id: int
    at: datetime
    actor: str
    module: str
    platform_id: int
    version: int
    changes: tuple[Mapping[str, Any], ...]
    why: str = ""
    undoes: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The settings that it changed."""
        return tuple(change["name"] for change in self.changes)


def _difference(name: str, old: StoredConfig, new: NewConfig) -> dict[str, Any]:
    if name in old.secrets or name in new.secrets:
        if old.secrets.get(name) == new.secrets.get(name):
            return {}
        return {"name": name, "secret": True, "was_set": name in old.secrets, "is_set": name in new.secrets}
    if name in old.values and name in new.values and old.values[name] == new.values[name]:
        return {}
    found: dict[str, Any] = {"name": name}
    if name in old.values:
        found["before"] = old.values[name]
    if name in new.values:
        found["after"] = new.values[name]
    return found


def merged(before: StoredConfig, given: Mapping[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """The stored values with some set and some taken out; secrets are not among them."""
    kept = {name: value for name, value in before.values.items() if name not in gone}
    return kept | {name: value for name, value in given.items() if name not in gone}
