"""Who is asking."""

from dataclasses import dataclass

from klods.kernel.definition import FrontendType

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
