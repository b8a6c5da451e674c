"""Databases that a test makes for itself and takes away again."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

TRIES = 100
PAUSE_SECONDS = 0.1


def create_database(server: str, template: str) -> str:
    """Copy a template and return the copy's name."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        _say(connection, "CREATE DATABASE {} TEMPLATE {}", name, template)
    return name


def drop_database(server: str, name: str) -> None:
    """Drop a database with whoever is connected to it, and the roles that are named after it."""
    with psycopg.connect(server, autocommit=True) as connection:
        for left in reversed(range(TRIES)):
            try:
                _say(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
                break
            except errors.InsufficientPrivilege:
                # The server's own vacuum is in there; it may not be ended by us and is done in a moment.
                if not left:
                    raise
                time.sleep(PAUSE_SECONDS)
        roles = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [f"{name}__"])
        for (role,) in roles.fetchall():
            _say(connection, "DROP ROLE {}", role)


@contextmanager
def copied(server: str, template: str) -> Iterator[str]:
    """The conninfo of a copy of a template, dropped in the end."""
    name = create_database(server, template)
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        drop_database(server, name)


def _say(connection: psycopg.Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
