"""What an attack is: how it is tried, on which servers, and where it is known to get through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SECRET_OF_HOST = "canary-in-the-host"
SECRET_OF_OTHER = "canary-in-the-other-module"
SECRET_OF_PLATFORM = "canary-on-the-other-platform"
SECRETS = (SECRET_OF_HOST, SECRET_OF_OTHER, SECRET_OF_PLATFORM)
TOLD = "told-by-the-attack"
"""What an attack returns when it has learned something that is no secret's own text."""

TELL = f"reverse('{TOLD[::-1]}')"
"""The same in SQL, in another spelling: errors quote the statement."""


class Server(StrEnum):
    """The servers that everything is tried on."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"
    PREFIX = "prefix"


class Way(StrEnum):
    """How an attack is brought in; the value is what people read."""

    CODE = "code"
    SESSION = "Session"
    STREAM = "stream of a cursor"
    COPY = "copy of a cursor"
    INJECTION = "injection"
    DRIVER = "driver's connection"
    MIGRATION = "migration"
    PYTHON = "migration in Python"


OPEN = "modules have no roles here"
NO_ROLES = "there is no role to leave"


@dataclass(frozen=True)
class Attack:
    """One attempt: a sentence, the SQL that is tried, and why it is not stopped where that is so.

    In the SQL ``{other}``, ``{owner}``, ``{writer}``, ``{login}`` and ``{host}`` stand for roles: the writer of the
    other module, the owner and the writer of the attacking one, and the two logins. An injected text is what somebody
    types where a module writes ``… where name = '<typed>'``. A migration in Python is the body of its ``upgrade``.
    """

    name: str
    way: Way
    sql: str
    then: tuple[str, ...] = ()
    """What is sent afterwards in the same unit, each in a savepoint."""

    not_stopped: Mapping[Server, str] = field(default_factory=dict)
    read_only: bool = False
    may_build: bool = False
    """The migration may do what it does; what counts is what it leads to."""

    only_with_roles: bool = False
    """There is nothing to be won where modules have no roles."""

    @property
    def servers(self) -> tuple[Server, ...]:
        """Where it is tried."""
        return tuple(server for server in Server if not (self.only_with_roles and server is Server.PREFIX))


def on_prefix(reason: str = OPEN) -> Mapping[Server, str]:
    """Not stopped where modules are kept apart by names only."""
    return {Server.PREFIX: reason}


def everywhere(reason: str) -> Mapping[Server, str]:
    """Not stopped on any server."""
    return dict.fromkeys(Server, reason)
