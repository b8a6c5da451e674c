"""What the host's API and pages need from the rest of the hub, handed over once by whoever wires it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from klods.db.people.stores import People
from klods.db.roles.weaknesses import Weakness
from klods.db.tenants.menus import MenuRows
from klods.db.tenants.platforms import PlatformRows
from klods.db.tenants.tiers import TierRows
from klods.db.tenants.vendors import Vendors
from klods.kernel.catalog import Catalog
from klods.kernel.configuring import Configuration
from klods.kernel.i18n import Texts
from klods.kernel.lifecycle import Lifecycle
from klods.kernel.mailing import Letter
from klods.kernel.overview import Known
from klods.kernel.personal_data import PersonalData
from klods.kernel.ports import StateStore
from klods.kernel.retaining import RetentionRules
from klods.web.auth.authenticator import Authenticator
from klods.web.auth.passwords import Passwords
from klods.web.auth.reminding import Reminding
from klods.web.auth.sign_in import SignIn
from klods.web.engine.snapshot import Switchboard


def nothing_kept(run_id: str, platform_id: int) -> Mapping[str, Any] | None:  # noqa: ARG001
    """A store of dry runs that is always empty."""
    return None


@dataclass(frozen=True)
class HostServices:
    """The ports of the host's own web part."""

    lifecycle: Lifecycle
    catalog: Callable[[], Catalog]
    states: StateStore
    switchboard: Switchboard
    people: People
    platforms: PlatformRows
    vendors: Vendors
    tiers: TierRows
    menus: MenuRows
    configuration: Configuration
    personal_data: PersonalData
    retention: RetentionRules
    find_dry_run: Callable[[str, int], Mapping[str, Any] | None] = nothing_kept
    """A dry run of the last hour by its id, on a platform."""

    why_not_ready: Callable[[], str] = str
    """A reason not to send requests to this process, or an empty string."""

    warnings: Callable[[], Sequence[str]] = tuple
    """What somebody should look after, for people; asks the database."""

    isolation: str = ""
    """How far modules are kept apart in the database."""

    weaknesses: Callable[[], Sequence[Weakness]] = tuple
    """What is wrong with that now; asks the database."""

    queue_mail: Callable[[Letter, int], object] = lambda letter, platform_id: None  # noqa: ARG005
    """Lets a mail of the hub itself wait, for a platform."""

    address: str = ""
    """Where the hub can be reached, as its settings say."""

    can_mail: bool = False
    """Whether the hub knows a mail server."""

    texts: Texts = field(default_factory=Texts)
    """The host's own texts."""

    secure_cookies: bool = False
    auto_reload: bool = False

    def known(self) -> Known:
        """What can be found now and what is stored, for lists of modules."""
        return self.lifecycle.known(self.catalog(), self.states.read())

    @cached_property
    def remind(self) -> Reminding:
        """Sends links to a new password."""
        return Reminding(
            self.people, self.texts, self.queue_mail, lambda: self.switchboard.current.platforms, self.address
        )

    @cached_property
    def authenticator(self) -> Authenticator:
        """Finds out who is asking."""
        return Authenticator(self.people.sign_ins, self.people.tokens)

    @cached_property
    def sign_in(self) -> SignIn:
        """Opens and closes sessions."""
        return SignIn(self.people, Passwords())
