"""What modules are configured with at one moment: what is stored below the environment, secrets opened when they are asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from klods.errors import UnreadableSecret
from klods.kernel.catalog import Module
from klods.kernel.config import SWITCHES, Environment, as_wanted, like, said_by
from klods.kernel.config_schema import defaults_of, secrets_of
from klods.kernel.names import python_name
from klods.kernel.ports import Cipher
from klods.kernel.state import StoredConfig

_UNKNOWN = object()


def place_of(stored: StoredConfig, name: str) -> str:
    """Where a secret stands: its ciphertext opens nowhere else."""
    return f"{stored.module}/{stored.platform_id}/{name}"


def opened(stored: StoredConfig, name: str, cipher: Cipher | None) -> Any:
    """One secret in clear; raise `UnreadableSecret`."""
    if cipher is None:
        raise UnreadableSecret(what=place_of(stored, name), reason="This process has no key.")
    return json.loads(cipher.open(place_of(stored, name), stored.secrets[name]))


def sealed(stored: StoredConfig, name: str, value: Any, cipher: Cipher) -> str:
    """One secret as it is stored."""
    return cipher.seal(place_of(stored, name), json.dumps(value))


def in_clear(stored: StoredConfig, cipher: Cipher | None) -> dict[str, Any]:
    """Everything that is stored; raise `UnreadableSecret` with every secret that cannot be read."""
    values, lost = dict(stored.values), []
    for name in stored.secrets:
        try:
            values[name] = opened(stored, name, cipher)
        except UnreadableSecret as error:
            lost.append(error)
    if lost:
        what = ", ".join(place_of(stored, name) for name in stored.secrets if name not in values)
        raise UnreadableSecret(what=what, reason=lost[0].data["reason"])
    return values


class Configured:
    """The configuration of one module on one platform; what was found once is a dictionary lookup from then on."""

    def __init__(
        self,
        stored: StoredConfig,
        environment: Environment,
        module: Module | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        self.stored = stored
        self._given = {key.lower(): text for key, text in environment.get(python_name(stored.module), {}).items()}
        self._module = module
        self._cipher = cipher
        self._found: dict[str, Any] = {}
        self._said: dict[str, Any] | None = None

    def find(self, key: str, default: Any = None) -> Any:
        """One value by its upper- or lower-case name, else `default`; a text as `default` makes the answer a text.

        Raises `UnreadableSecret`, or `InvalidConfig` for a text in the environment of another kind than is needed.
        """
        name = key.lower()
        found = self._found.get(name, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._found[name] = self._look(name)
        return as_wanted(found, default)

    def is_secret(self, key: str) -> bool:
        """Whether only the module itself may see it."""
        name = key.lower()
        declared = secrets_of(self._module.settings()) if self._module else frozenset()
        return name in {known.lower() for known in (*declared, *self.stored.secrets)}

    def shown(self) -> dict[str, Any]:
        """Everything in force but switches and secrets, by the names that the module gave."""
        names = {name.lower(): name for name in (*self._spelled(), *self.stored.values)}
        names |= {name: name for name in self._given if name not in names}
        return {name: self.find(key) for key, name in names.items() if key not in SWITCHES and not self.is_secret(key)}

    def _look(self, name: str) -> Any:
        said = self._all_said()
        if name in self._given:
            return like(self.stored.module, name, self._given[name], said.get(name))
        secret = next((known for known in self.stored.secrets if known.lower() == name), None)
        if secret is not None:
            return opened(self.stored, secret, self._cipher)
        return said.get(name)

    def _all_said(self) -> dict[str, Any]:
        if self._said is None:
            below = said_by(self._module.definition) if self._module else {}
            own = {name.lower(): value for name, value in self._schema_defaults().items()}
            self._said = own | below | {name.lower(): value for name, value in self.stored.values.items()}
        return self._said

    def _spelled(self) -> tuple[str, ...]:
        return (*self._schema_defaults(), *self._module.definition.default_config) if self._module else ()

    def _schema_defaults(self) -> dict[str, Any]:
        return defaults_of(self._module.settings()) if self._module else {}


@dataclass(frozen=True)
class Configurations:
    """The configuration of every module, as it was stored at one generation."""

    modules: Mapping[str, Module] = field(default_factory=dict)
    stored: Mapping[tuple[str, int], StoredConfig] = field(default_factory=dict)
    environment: Environment = field(default_factory=dict)
    cipher: Cipher | None = None
    _made: dict[tuple[str, int], Configured] = field(default_factory=dict, repr=False, compare=False)

    def of(self, code: str, platform_id: int) -> Configured:
        """That of one module on one platform."""
        key = (code, platform_id)
        if (made := self._made.get(key)) is None:
            row = self.stored.get(key) or StoredConfig(code, platform_id)
            made = self._made[key] = Configured(row, self.environment, self.modules.get(code), self.cipher)
        return made


ConfigurationOf = Callable[[str, int], Configured]
"""The configuration of a module on a platform."""
