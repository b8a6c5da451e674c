"""What the roles of one hub are called; roles belong to the whole server, where other hubs may have theirs."""

import hashlib
from dataclasses import dataclass

from klods.kernel.names import python_name

_LONGEST = 63 - len("__rw")


@dataclass(frozen=True, slots=True)
class RoleFamily:
    """The names of all roles of one hub, which begin with the name of the database that it was made in."""

    name: str

    @property
    def login(self) -> str:
        """The login of all modules: it owns nothing, and may only switch to their writers and readers."""
        return self._spelled("modules")

    def owner(self, code: str) -> str:
        """The role that owns a module's tables; only migrations work in it."""
        return self._spelled(python_name(code))

    def writer(self, code: str) -> str:
        """The role that reads and writes the rows of a module's tables."""
        return f"{self.owner(code)}__rw"

    def reader(self, code: str) -> str:
        """The role that reads the rows of a module's tables."""
        return f"{self.owner(code)}__ro"

    def of(self, code: str) -> tuple[str, str, str]:
        """The owner, the writer and the reader of a module."""
        return self.owner(code), self.writer(code), self.reader(code)

    def _spelled(self, code: str) -> str:
        """PostgreSQL would cut a longer name off, and two modules might share what is left."""
        name = f"{self.name}__{code}"
        if len(name.encode()) <= _LONGEST:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        cut = name.encode()[: _LONGEST - len(digest) - 1].decode(errors="ignore")
        return f"{cut}_{digest}"
