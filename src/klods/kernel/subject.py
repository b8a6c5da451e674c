"""Who is asking."""

from dataclasses import dataclass

from klods.kernel.definition import FrontendType
from klods.kernel.features import EVERYTHING, Features
from klods.kernel.permissions import covers

DEFAULT_PLATFORM = 1
"""The platform that every hub has from its start."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A signed-in person or a token acting for one, on one platform."""

    user_id: int
    login: str
    name: str = ""
    kind: FrontendType = FrontendType.ADMIN
    platform_id: int = DEFAULT_PLATFORM
    token: str = ""
    """The name of the API token in use, empty for a session in a browser."""

    permissions: frozenset[str] = frozenset()
    """What the person's roles allow on this platform."""

    is_everywhere: bool = False
    """Whether the account is for all platforms, and may do nothing here that it may not do on all of them."""

    vendor_id: int | None = None
    """Whom a vendor works for."""

    features: Features = EVERYTHING
    """What a vendor has of the platform's features."""

    locale: str = ""
    """The language the person has chosen for everywhere; empty for none."""

    def may(self, permission: str) -> bool:
        """Whether the person's roles allow this."""
        return covers(self.permissions, permission)
