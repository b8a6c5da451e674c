"""What a unit costs beside a bare transaction: the same statement, server and machine, in interleaved rounds.

    python bench/unit.py [CONNINFO] [--rounds N]

Without a conninfo an embedded server is started for it, and shares one processor with the client: where the system puts
the two otherwise changes every minute, and more than what is measured here.
Each round measures every way once, one after the other, so that what else the machine does hits all alike; the table
shows the median time of a transaction and the median of the per-round ratios.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg
import sqlalchemy
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from sqlalchemy.orm import Session, sessionmaker

from klods.db.crossing import api
from klods.db.database import Database
from klods.db.migrating.migrator import migrate_host
from klods.db.own_connection import own_transaction
from klods.db.roles.isolating import isolate
from klods.db.roles.land import Land
from klods.db.roles.making import make_module_roles
from klods.db.scope import Scope, enter
from klods.db.server import open_server
from klods.db.statements import execute_query, execute_update, get_db
from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition

Way = Callable[[], object]

TABLE = """
drop table if exists bench_unit;
create table bench_unit(id int primary key, n int not null);
insert into bench_unit select i, 0 from generate_series(1, 1000) i;
"""
READ = "select id, n from bench_unit where id = %s"
WRITE = "update bench_unit set n = n + 1 where id = %s"
READ_ORM = sqlalchemy.text(READ.replace("%s", ":id"))
WRITE_ORM = sqlalchemy.text(WRITE.replace("%s", ":id"))


def bare(pool: ConnectionPool, statement: str) -> Way:
    def once() -> None:
        with pool.connection() as connection:
            cursor = connection.execute(statement, [7])
            if cursor.description:
                cursor.fetchall()

    return once


def in_unit(database: Database, helper: Callable[..., object], statement: str) -> Way:
    def once() -> None:
        scope = Scope(database, "bench")
        with enter(scope):
            helper(statement, [7])
        scope.end(keep=True)

    return once


def plain_session(make: sessionmaker[Session], statement: sqlalchemy.TextClause) -> Way:
    def once() -> None:
        with make() as session:
            result = session.execute(statement, {"id": 7})
            if result.returns_rows:
                result.all()
            session.commit()

    return once


def session_in_unit(database: Database, statement: sqlalchemy.TextClause) -> Way:
    def once() -> None:
        scope = Scope(database, "bench")
        with enter(scope):
            session = get_db()
            result = session.execute(statement, {"id": 7})
            if result.returns_rows:
                result.all()
            session.commit()
        scope.end(keep=True)

    return once


def in_call(database: Database, statement: str) -> Way:
    """The same unit, whose one query is made by a call into another module."""

    def query(number: int) -> list[list[int]]:
        return [list(row.values()) for row in execute_query(statement, [number])]

    query.__module__ = "klods.modules.bench.api"
    called = api(query)
    caller = Module(
        ModuleDefinition(code="desk", name="Desk", requires=("bench",)), Source("desk", Path("desk"), "desk")
    )

    def once() -> None:
        scope = Scope(database, "desk", catalog={"desk": caller})
        with enter(scope):
            called(7)
        scope.end(keep=True)

    return once


def compare(pairs: Mapping[str, tuple[Way, Way]], rounds: int, repeat: int = 50) -> None:
    """Print one line per pair: microseconds of both, and the ratio."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in pairs}
    for number in range(rounds + 1):
        for name, (base, ours) in pairs.items():
            if number % 2:
                measured = _time(base, repeat), _time(ours, repeat)
            else:
                measured = tuple(reversed((_time(ours, repeat), _time(base, repeat))))
            if number:  # the first round warms up
                times[name].append(measured)
    print(f"{'what':48}{'base µs':>10}{'ours µs':>10}{'ratio':>8}")
    for name, rows in times.items():
        base, ours = median(row[0] for row in rows), median(row[1] for row in rows)
        print(f"{name:48}{base:10.0f}{ours:10.0f}{median(row[1] / row[0] for row in rows):8.2f}")


def _time(way: Way, repeat: int) -> float:
    start = perf_counter()
    for _ in range(repeat):
        way()
    return (perf_counter() - start) / repeat * 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("conninfo", nargs="?")
    arguments.add_argument("--rounds", type=int, default=60)
    options = arguments.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with TemporaryDirectory() as home:
        Path(home).chmod(0o711)
        with open_server(Path(home), options.conninfo) as conninfo:
            bench(conninfo, options.rounds)


def prepare(database: Database) -> None:
    """A module with a table, which it works on in a role of its own."""
    migrate_host(database)
    isolate(database)
    if database.family is None:
        raise SystemExit("the login may not make roles on this server")
    with own_transaction(database, lock_seconds=5) as connection:
        make_module_roles(connection, database.family, "desk")
        land = Land(connection, ModuleDefinition(code="bench", name="Bench").holder, database.family)
        with land.open():
            connection.execute(f'set local role "{land.owner}"'.encode())
            connection.execute(TABLE)
            connection.execute("reset role")


def bench(conninfo: str, rounds: int) -> None:
    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))
    make = sessionmaker(engine)
    usual = {"row_factory": dict_row}
    never = {"prepare_threshold": None, **usual}
    with (
        ConnectionPool(conninfo, min_size=2, kwargs=usual, open=True) as pool,
        ConnectionPool(conninfo, min_size=2, kwargs=never, open=True) as unprepared,
        Database(conninfo) as database,
    ):
        prepare(database)
        read, write = in_unit(database, execute_query, READ), in_unit(database, execute_update, WRITE)
        pairs = {
            "unit in its role ÷ psycopg transaction, read": (bare(pool, READ), read),
            "unit in its role ÷ psycopg transaction, write": (bare(pool, WRITE), write),
            "unit ÷ psycopg that never prepares, read": (bare(unprepared, READ), read),
            "unit ÷ psycopg that never prepares, write": (bare(unprepared, WRITE), write),
            "a query by a call into another module ÷ one's own": (read, in_call(database, READ)),
            "Session of the unit ÷ plain Session, read": (
                plain_session(make, READ_ORM),
                session_in_unit(database, READ_ORM),
            ),
            "Session of the unit ÷ plain Session, write": (
                plain_session(make, WRITE_ORM),
                session_in_unit(database, WRITE_ORM),
            ),
        }
        compare(pairs, rounds)


if __name__ == "__main__":
    main()
