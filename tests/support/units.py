"""A database with one table, and scopes in it, for tests of units."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from klods.db.database import Database
from klods.db.scope import Scope, enter
from klods.testing.databases import copied

TABLES = """
create table card(id int generated always as identity primary key, name text not null unique, hours int default 0);
create table word(term text primary key, meaning text);
create table owner(
    id int primary key, card_id int references card(id) deferrable initially deferred
);
insert into card(name, hours) values ('first', 10);
"""


class Base(DeclarativeBase):
    """The tables as classes."""


class Card(Base):
    """A card with hours on it."""

    __tablename__ = "card"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    hours: Mapped[int] = mapped_column(default=0)


class Owner(Base):
    """Somebody who has a card; the reference is checked when the transaction commits."""

    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int | None]


@pytest.fixture(scope="session")
def emptied_database(postgres_server: str) -> Iterator[str]:
    """One database for all tests of a run that empty it before they use it; making one each would take most time."""
    with copied(postgres_server, "template0") as conninfo:
        yield conninfo


@pytest.fixture
def conninfo(emptied_database: str) -> str:
    """A database with the tables, and nothing else."""
    with psycopg.connect(emptied_database, autocommit=True) as connection:
        connection.execute("drop schema public cascade; create schema public")
        connection.execute(TABLES)
    return emptied_database


@pytest.fixture
def database(conninfo: str) -> Iterator[Database]:
    """The open database."""
    with Database(conninfo, pool_size=4, wait_seconds=3) as database:
        yield database


@pytest.fixture
def scope(database: Database) -> Iterator[Scope]:
    """The scope of a request, which is the current one; it is undone when the test did not end it."""
    with request(database) as scope:
        yield scope


@contextmanager
def request(database: Database, **fields: Any) -> Iterator[Scope]:
    """The scope of one more request."""
    scope = Scope(database, "cards", **fields)
    try:
        with enter(scope):
            yield scope
    finally:
        scope.end(keep=False)


class Outside:
    """Somebody else at the same database."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def ask(self, sql: str, params: Any = None) -> list[dict[str, Any]]:
        """Run one statement on a connection of its own, and return its rows."""
        with psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(sql.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def names(self) -> list[str]:
        """The names of the cards that were really saved."""
        return [row["name"] for row in self.ask("select name from card order by id")]

    def connections(self) -> list[dict[str, Any]]:
        """What the connections of units are doing."""
        return self.ask(
            "select pid, state, query from pg_stat_activity"
            " where datname = current_database() and application_name = 'klods'"
        )

    def someone_waits_for(self, kind: str) -> bool:
        """Whether a statement of a unit waits now: for a ``Lock``, or for a ``Timeout`` when it sleeps."""
        waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = %s"
        with psycopg.connect(self._conninfo) as connection:
            return connection.execute(waiting.encode() + b" and application_name = 'klods'", [kind]).rowcount > 0

    def kill_all(self) -> None:
        """End every connection of units, as a restart of the server does."""
        self.ask(
            "select pg_terminate_backend(pid, 3000) from pg_stat_activity"
            " where datname = current_database() and application_name = 'klods'"
        )


@pytest.fixture
def outside(conninfo: str) -> Outside:
    """Somebody else at the same database."""
    return Outside(conninfo)
