"""Every attack that is tried on the walls between modules, declared once: for the tests and for the table in the docs."""

from support.attacks.by_injection import INJECTIONS
from support.attacks.by_migration import MIGRATIONS
from support.attacks.by_statement import STATEMENTS
from support.attacks.model import Attack, Server, Way

__all__ = ["ATTACKS", "Attack", "Server", "Way"]

ATTACKS: tuple[Attack, ...] = (*STATEMENTS, *INJECTIONS, *MIGRATIONS)
