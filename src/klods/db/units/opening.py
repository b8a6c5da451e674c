"""How a unit's transaction begins: everything PostgreSQL is told before the first statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

SEARCH_PATH = "public, klods, pg_temp"
"""Where the names in a module's statements are looked for; the connections of modules begin with it."""

DRY = "klods.dry"
"""The setting that wakes the triggers of tables."""


@dataclass(frozen=True)
class Opening:
    """For whom a transaction is, and how long it may take; the limits are enforced by PostgreSQL."""

    module: str
    platform_id: int = 1
    statement_seconds: float = 30
    lock_seconds: float = 5
    idle_seconds: float = 60
    read_only: bool = False
    dry: bool = False
    """Whether its commit is only tried, and everything undone; the triggers of tables note then what changes."""

    role: str = ""
    """The role of the module; without one the unit works as the login does."""

    def settings(self) -> Mapping[str, str]:
        """What is set for the length of the transaction."""
        return {
            **({"role": self.role} if self.role else {}),
            "statement_timeout": _milliseconds(self.statement_seconds),
            "lock_timeout": _milliseconds(self.lock_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(self.idle_seconds),
            "klods.platform": str(int(self.platform_id)),
            **({DRY: "on"} if self.dry else {}),
            **({"transaction_read_only": "on"} if self.read_only else {}),
        }

    @cached_property
    def frame(self) -> "Frame":
        """The SQL round a transaction of its own, spelled once."""
        return Frame.own(self)

    def restored(self) -> tuple[str, ...]:
        """The settings that outlive a savepoint and must be put back after one."""
        return ("search_path", *(name for name in self.settings() if name != "transaction_read_only"))


@dataclass(frozen=True, slots=True)
class Frame:
    """The SQL round a transaction: each text goes to the server in one round trip."""

    begin: bytes
    commit: bytes
    rollback: bytes
    again: bytes
    """What is sent after going back to a savepoint, because PostgreSQL takes SET LOCAL back there."""

    @classmethod
    def own(cls, opening: Opening) -> "Frame":
        """The frame of a transaction that nobody else has begun."""
        again = set_local(opening.settings())
        return cls(b"BEGIN;" + again, b"COMMIT", b"ROLLBACK", again)

    @classmethod
    def joined(cls, opening: Opening, before: Mapping[str, str]) -> "Frame":
        """The frame inside somebody else's transaction: a savepoint, with the settings of before put back at the end."""
        again = set_local({**opening.settings(), "search_path": SEARCH_PATH})
        return cls(
            begin=b"SAVEPOINT klods_joined;" + again,
            commit=b"RELEASE SAVEPOINT klods_joined;" + set_local(before),
            rollback=b"ROLLBACK TO SAVEPOINT klods_joined;RELEASE SAVEPOINT klods_joined",
            again=again,
        )


def set_local(settings: Mapping[str, str]) -> bytes:
    """One SET LOCAL per setting; the values are quoted, the names are ours, and a path is a list of quoted names."""
    return ";".join(
        f"SET LOCAL {name} = {value if name == 'search_path' else _quoted(value)}" for name, value in settings.items()
    ).encode()


def _quoted(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
