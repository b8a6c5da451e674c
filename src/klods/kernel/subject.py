"""Who is asking."""

from dataclasses import dataclass

from klods.kernel.definition import FrontendType


@dataclass(frozen=True, slots=True)
class Subject:
    """A signed-in person or a token acting for one, on one platform."""

    user_id: int
    login: str
    name: str = ""
    kind: FrontendType = FrontendType.ADMIN
    platform_id: int = 1
    token: str = ""
    """The name of the API token in use, empty for a session in a browser."""
