"""What the host's API and pages need from the rest of the hub, handed over once by whoever wires it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from klods.db.people import People
from klods.db.roles.weaknesses import Weakness
from klods.kernel.catalog import Catalog
from klods.kernel.lifecycle import Lifecycle
from klods.kernel.overview import Known
from klods.kernel.ports import StateStore
from klods.web.auth.authenticator import Authenticator
from klods.web.auth.passwords import Passwords
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

    secure_cookies: bool = False
    auto_reload: bool = False

    def known(self) -> Known:
        """What can be found now and what is stored, for lists of modules."""
        return self.lifecycle.known(self.catalog(), self.states.read())

    @cached_property
    def authenticator(self) -> Authenticator:
        """Finds out who is asking."""
        return Authenticator(self.people)

    @cached_property
    def sign_in(self) -> SignIn:
        """Opens and closes sessions."""
        return SignIn(self.people, Passwords())
