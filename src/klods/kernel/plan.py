"""What a life-cycle action will do, as a value that can be shown, compared and applied."""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from klods.kernel.holdings import Table


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

    UNINSTALL = "uninstall"
    """Take it out of this installation and keep its tables where they are."""

    ARCHIVE = "archive"
    """Take it out and set its tables aside, where they can be restored from."""

    DROP = "drop"
    """Take it out and delete its tables for good."""

    RESTORE = "restore"
    """Bring back the tables that were set aside last."""

    DISCARD = "discard"
    """Delete the tables that were set aside last for good."""

    UNDO = "undo"
    """Take back what an entry of the log switched."""


class Do(StrEnum):
    """What one step of a plan does."""

    INSTALL = "install"
    MIGRATE = "migrate"
    ENABLE = "enable"
    DISABLE = "disable"
    LIVE = "live"
    HOLD = "hold"
    UNINSTALL = "uninstall"
    ARCHIVE = "archive"
    DROP = "drop"
    RESTORE = "restore"
    DISCARD = "discard"


TAKES_OUT = frozenset({Action.UNINSTALL, Action.ARCHIVE, Action.DROP})
"""The three ways to uninstall, which differ in what becomes of the tables."""

ON_ONE_PLATFORM = frozenset({Do.ENABLE, Do.DISABLE, Do.LIVE, Do.HOLD})
"""What other platforms do not notice."""

DELETES = frozenset({Action.DROP, Action.DISCARD})
"""What destroys data, and asks for the code of every module that loses some as a confirmation."""


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

    tables: tuple[Table, ...] = ()
    """What is kept, set aside, deleted or brought back."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a person asks for: an action, its target, and what there is to choose about it."""

    action: Action
    target: str
    platform_id: int
    along: tuple[str, ...] = ()
    """Other modules that are uninstalled with the target."""

    archive: int = 0
    """The number of the archive to restore or delete; 0 is the newest."""

    shared: bool = False
    """Whether several platforms may see the same rows of tables that know no platforms."""

    entry: int = 0
    """The entry of the log to undo; 0 is the newest that can be."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an action will do, in order; `token` names exactly this plan."""

    action: Action
    target: str
    platform_id: int
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    """Other modules that are uninstalled with the target, because their tables hang together."""

    archive: int = 0
    """The number of the archive that is restored or deleted."""

    shared: bool = False
    """Whether it was said that several platforms may see the same rows."""

    undoes: int = 0
    """The entry of the log whose effect is taken back."""

    @property
    def intent(self) -> Intent:
        """What was asked for: planning it again from the same states gives the same plan."""
        return Intent(self.action, self.target, self.platform_id, self.along, self.archive, self.shared, self.undoes)

    @property
    def concerns_all_platforms(self) -> bool:
        """Whether it does more than switch modules on one platform: code and tables are the same for all, shared rows too."""
        return self.shared or any(step.do not in ON_ONE_PLATFORM for step in self.steps)

    @property
    def token(self) -> str:
        """A fingerprint: two plans that do the same have the same token; the server tidies tables up when it likes."""
        steps = [replace(step, tables=tuple(replace(it, size=0) for it in step.tables)) for step in self.steps]
        text = json.dumps(asdict(replace(self, steps=tuple(steps))), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def unconfirmed(self, confirmed: Collection[str]) -> tuple[str, ...]:
        """The modules whose data it deletes without their code having been typed out."""
        deleted = (*self.doing(Do.DROP), *self.doing(Do.DISCARD))
        return tuple(code for code in deleted if code not in confirmed)

    def doing(self, do: Do) -> tuple[str, ...]:
        """The codes of the modules a kind of step is for, in order."""
        return tuple(step.code for step in self.steps if step.do == do)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __bool__(self) -> bool:
        return bool(self.steps)
