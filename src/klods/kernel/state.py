"""The two stored states of a module, and the moves between them that are allowed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Installed(StrEnum):
    """The state of a module in this installation."""

    ABSENT = "absent"
    INSTALLED = "installed"
    FAILED = "failed"
    QUARANTINED = "quarantined"


class Active(StrEnum):
    """The state of a module on one platform."""

    DISABLED = "disabled"
    ENABLING = "enabling"
    ENABLED = "enabled"
    DISABLING = "disabling"


class Reason(StrEnum):
    """Why a module is FAILED or stays DISABLED."""

    IMPORT = "import"
    MIGRATION = "migration"
    INCOMPATIBLE = "incompatible"
    MISSING = "missing"
    BLOCKED_BY = "blocked_by"
    CONFIG = "config"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class Installation:
    """One row per module: which content is approved and whether it can run."""

    code: str
    state: Installed = Installed.ABSENT
    version: str = ""
    content_hash: str = ""
    reason: Reason | None = None
    detail: str = ""
    wish: bool | None = None
    """The value of ``enabled`` in module.json when it was last acted upon."""


@dataclass(frozen=True, slots=True)
class Activation:
    """One row per module and platform: whether requests reach it."""

    code: str
    platform_id: int
    state: Active = Active.DISABLED
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StoredSwitches:
    """One row per module and platform: what a person has said about its safety switches; None says nothing."""

    code: str
    platform_id: int
    read_only: bool | None = None
    dry_run: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """One row per module and platform: what was said about its settings; each change raises the version by one."""

    module: str
    platform_id: int
    values: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Encrypted."""

    version: int = 0
    updated_at: datetime | None = None
    updated_by: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The settings that it says something about."""
        return frozenset((*self.values, *self.secrets))


@dataclass(frozen=True, slots=True)
class States:
    """Everything stored about all modules at one generation; what is not listed is absent or disabled."""

    generation: int = 0
    installations: Mapping[str, Installation] = field(default_factory=dict)
    activations: Mapping[tuple[str, int], Activation] = field(default_factory=dict)
    switches: Mapping[tuple[str, int], StoredSwitches] = field(default_factory=dict)

    configs: Mapping[tuple[str, int], StoredConfig] = field(default_factory=dict)

    def config(self, code: str, platform_id: int) -> StoredConfig:
        """The module's row on the platform, or one that says nothing."""
        return self.configs.get((code, platform_id)) or StoredConfig(code, platform_id)

    def installation(self, code: str) -> Installation:
        """The module's installation row, or an absent one."""
        return self.installations.get(code) or Installation(code)

    def activation(self, code: str, platform_id: int) -> Activation:
        """The module's row on the platform, or a disabled one."""
        return self.activations.get((code, platform_id)) or Activation(code, platform_id)

    def stored_switches(self, code: str, platform_id: int) -> StoredSwitches:
        """The module's row on the platform, or one that says nothing."""
        return self.switches.get((code, platform_id)) or StoredSwitches(code, platform_id)

    def enabled(self, platform_id: int) -> frozenset[str]:
        """The codes whose gate is open on the platform."""
        return frozenset(
            code for (code, platform), row in self.activations.items()
            if platform == platform_id and row.state is Active.ENABLED
        )  # fmt: skip


INSTALLATION_MOVES: Mapping[Installed, frozenset[Installed]] = {
    Installed.ABSENT: frozenset({Installed.INSTALLED, Installed.FAILED}),
    Installed.INSTALLED: frozenset({Installed.INSTALLED, Installed.FAILED, Installed.QUARANTINED, Installed.ABSENT}),
    Installed.FAILED: frozenset({Installed.INSTALLED, Installed.FAILED, Installed.ABSENT}),
    Installed.QUARANTINED: frozenset({Installed.INSTALLED, Installed.FAILED, Installed.QUARANTINED, Installed.ABSENT}),
}

ACTIVATION_MOVES: Mapping[Active, frozenset[Active]] = {
    Active.DISABLED: frozenset({Active.ENABLING, Active.ENABLED, Active.DISABLED}),
    Active.ENABLING: frozenset({Active.ENABLED, Active.DISABLED}),
    Active.ENABLED: frozenset({Active.DISABLING, Active.DISABLED}),
    Active.DISABLING: frozenset({Active.DISABLED}),
}


def may_move(before: Installed | Active, after: Installed | Active) -> bool:
    """Whether a stored state may follow another."""
    if isinstance(before, Installed) and isinstance(after, Installed):
        return after in INSTALLATION_MOVES[before]
    if isinstance(before, Active) and isinstance(after, Active):
        return after in ACTIVATION_MOVES[before]
    return False
