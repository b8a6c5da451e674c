"""Every attack that is tried on the walls between modules, declared once: for the tests and for the table in the docs."""

from collections.abc import Mapping

from support.attacks import by_injection, by_migration, by_python, by_statement
from support.attacks.model import Attack, Server, Way

__all__ = ["GROUPS", "Attack", "Server", "Way"]

GROUPS: Mapping[str, tuple[Attack, ...]] = (
    by_statement.GROUPS | by_injection.GROUPS | by_migration.GROUPS | by_python.GROUPS
)
"""The attacks under the headings that people read."""
