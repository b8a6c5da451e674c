"""What people see of a configuration: every setting with its value and where that comes from, and of secrets whether they are set."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from klods.errors import InvalidConfig
from klods.kernel.config import SWITCHES, like
from klods.kernel.config_schema import Schema, defaults_of, names_of, secrets_of
from klods.kernel.definition import ModuleDefinition
from klods.kernel.names import environment_prefix
from klods.kernel.state import StoredConfig


class Layer(StrEnum):
    """Where a value comes from; each covers those before it."""

    NONE = "none"
    DEFAULT = "default"
    PLATFORM = "platform"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a module."""

    name: str
    layer: Layer
    secret: bool = False
    value: Any = None
    """What is in force; always None for a secret."""

    variable: str = ""
    """The variable of the environment that can fix it."""

    @property
    def is_set(self) -> bool:
        """Whether there is a value at all."""
        return self.layer is not Layer.NONE


def settings_of(
    definition: ModuleDefinition, schema: Schema, stored: StoredConfig, environment: Mapping[str, str]
) -> tuple[Setting, ...]:
    """Every setting in the order of the schema, then what is stored or in the environment beside it."""
    given = {name.lower(): text for name, text in environment.items()}
    known = {name.lower() for name in names_of(schema)}
    beside = [name for name in (*sorted(stored.names), *given) if name.lower() not in known and name not in SWITCHES]
    below = {**defaults_of(schema), **definition.default_config}
    hidden = secrets_of(schema) | set(stored.secrets)
    return tuple(
        _setting(definition.code, name, _layers(name, below, stored, given), secret=name in hidden)
        for name in dict.fromkeys((*names_of(schema), *beside))
    )


def _layers(name: str, below: Mapping[str, Any], stored: StoredConfig, given: Mapping[str, str]) -> dict[Layer, Any]:
    found: dict[Layer, Any] = {}
    if name in below:
        found[Layer.DEFAULT] = below[name]
    if name in stored.names:
        found[Layer.PLATFORM] = stored.values.get(name)
    if name.lower() in given:
        found[Layer.ENVIRONMENT] = given[name.lower()]
    return found


def _setting(code: str, name: str, layers: Mapping[Layer, Any], *, secret: bool) -> Setting:
    variable = environment_prefix(code) + name.upper()
    if not layers:
        return Setting(name, Layer.NONE, secret, variable=variable)
    layer = list(layers)[-1]
    value = None if secret else layers[layer]
    if layer is Layer.ENVIRONMENT and not secret:
        value = _read(code, name, str(value), layers)
    return Setting(name, layer, secret, value, variable)


def _read(code: str, name: str, text: str, layers: Mapping[Layer, Any]) -> Any:
    """A text of the environment as the value it means; one of the wrong kind is shown as it stands."""
    try:
        return like(code, name, text, layers.get(Layer.PLATFORM, layers.get(Layer.DEFAULT)))
    except InvalidConfig:
        return text
