"""Lets the owner of a module's tables build, for as long as a migration runs and not a moment longer."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from klods.db.own_connection import Connection

# Kept for ever, a thousand modules would make these lists of rights long, and every look at them slow.
_WHILE_BUILDING = (("usage, create", "schema public"), ("references (id)", "klods.platform"))


@contextmanager
def building(connection: Connection, owner: str) -> Iterator[None]:
    """The owner may make things in schema public and point at platforms; an error leaves that to the rollback."""
    role = sql.Identifier(owner)
    for right, place in _WHILE_BUILDING:
        connection.execute(sql.SQL(f"grant {right} on {place} to {{}}").format(role))
    yield
    for right, place in _WHILE_BUILDING:
        connection.execute(sql.SQL(f"revoke {right} on {place} from {{}}").format(role))
