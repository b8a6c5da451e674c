"""What a life-cycle action will do, as a value that can be shown, compared and applied."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a person asked for."""

    ENABLE = "enable"
    ENABLE_LIVE = "enable_live"
    """Enable it and let it go live at once."""

    DISABLE = "disable"
    MIGRATE = "migrate"
    LIVE = "live"
    """Switch READ_ONLY and DRY_RUN off: what it does is kept from now on."""

    HOLD = "hold"
    """Switch both on: nothing it does is kept."""


class Do(StrEnum):
    """What one step of a plan does."""

    INSTALL = "install"
    MIGRATE = "migrate"
    ENABLE = "enable"
    DISABLE = "disable"
    LIVE = "live"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens to one module; ``revisions`` for a migration, versions and grants for an installation.

    Where the safety switches are turned, ``before`` and ``after`` say how they stood and will stand.
    """

    do: Do
    code: str
    revisions: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    content_hash: str = ""
    grants: tuple[str, ...] = ()
    """What the module may do with tables of others, as ``read customers_customers (id, name)``.

    One that ends in an arrow and a code is for that other module, which is installed and had to do without so far.
    """


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an action will do, in order; `token` names exactly this plan."""

    action: Action
    target: str
    platform_id: int
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """A fingerprint: two plans that do the same have the same token."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def doing(self, do: Do) -> tuple[str, ...]:
        """The codes of the modules a kind of step is for, in order."""
        return tuple(step.code for step in self.steps if step.do == do)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __bool__(self) -> bool:
        return bool(self.steps)
