"""What a dry run costs beside the same work done live: 2,000 changed rows, by one statement and by 2,000.

    python bench/dry.py [CONNINFO] [--rounds N]

The dry run notes every row, checks what a commit would check, undoes it all and keeps the record that
``GET /api/v1/dry-runs/{id}`` shows; the live run commits.
"""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from unit import Way, compare, prepare

from klods.db.database import Database
from klods.db.dry_runs import DryRuns
from klods.db.scope import Scope, enter
from klods.db.server import open_server
from klods.db.statements import execute_update
from klods.kernel.changes import DryRun

ROWS = 2_000
AT_ONCE = "update bench_unit set n = n + 1"
ONE = "update bench_unit set n = n + 1 where id = %s"


def run(database: Database, statements: list[tuple[str, list[int]]], *, dry: bool) -> Way:
    """These statements in one unit of the module, live or dry."""
    runs = DryRuns(database)

    def once() -> None:
        scope = Scope(database, "bench", dry=dry)
        with enter(scope):
            for statement, values in statements:
                execute_update(statement, values)
        scope.end(keep=True)
        if scope.changes:
            runs.keep(DryRun(str(uuid4()), "bench", 1, 200, scope.changes))

    return once


def main() -> None:
    """Measure and print the ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("conninfo", nargs="?")
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with TemporaryDirectory() as home:
        Path(home).chmod(0o711)
        with open_server(Path(home), options.conninfo) as conninfo, Database(conninfo) as database:
            bench(database, options.rounds)


def bench(database: Database, rounds: int) -> None:
    prepare(database)
    with database.connection() as connection:
        connection.execute("insert into bench_unit select i, 0 from generate_series(1001, %s) i", [ROWS])
    many = [(ONE, [number + 1]) for number in range(ROWS)]
    pairs = {
        f"dry ÷ live, {ROWS:,} rows by one statement": (
            run(database, [(AT_ONCE, [])], dry=False),
            run(database, [(AT_ONCE, [])], dry=True),
        ),
        f"dry ÷ live, {ROWS:,} rows by {ROWS:,} statements": (
            run(database, many, dry=False),
            run(database, many, dry=True),
        ),
    }
    compare(pairs, rounds, repeat=1)


if __name__ == "__main__":
    main()
