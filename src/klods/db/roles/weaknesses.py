"""Says what a server leaves open between modules, as it is at this moment."""

from enum import StrEnum

from klods.db.database import Database
from klods.db.roles.hardening import is_hardened
from klods.db.roles.isolating import Isolation


class Weakness(StrEnum):
    """What keeps modules less apart than they could be."""

    SHARED_LOGIN = "shared_login"
    PREFIX = "prefix"

    UNHARDENED = "unhardened"
    """Everybody may still call what leads out of a role, so between modules there is the guard and nothing else."""

    @property
    def meaning(self) -> str:
        """What that comes to and what to do about it, for people."""
        return _UNHARDENED if self is Weakness.UNHARDENED else Isolation(self.value).meaning


_UNHARDENED = (
    "each module works in a database role of its own, but this database lets everybody call set_config and the like:"
    " the tables of other modules are behind a guard rail only; have an administrator of the server run what"
    " `klods db roles --sql` prints"
)


def weaknesses(database: Database, isolation: Isolation) -> tuple[Weakness, ...]:
    """What is open now, the worst first; an administrator may have changed it since the hub was opened."""
    found = () if isolation is Isolation.ROLES else (Weakness(isolation.value),)
    if isolation is Isolation.PREFIX:  # where there are no roles, none can be left
        return found
    with database.connection() as connection:
        return found if is_hardened(connection) else (*found, Weakness.UNHARDENED)
