"""Deletes or empties rows that are older than a module's retention rules allow, in the module's role on one platform."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from klods.db.announcing import announced
from klods.db.database import Database
from klods.db.units.opening import Opening
from klods.db.units.reasons import first_line
from klods.db.units.unit import Unit
from klods.errors import KlodsError, RetentionFailed
from klods.kernel.personal import Retention

BATCH = 5_000
"""Rows in one transaction: short enough that nobody waits for it."""

STATEMENT_SECONDS = 120.0
COLUMNS = """
    select a.attname as name, t.typname as type, t.typcategory as category, a.attnotnull as needed
      from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_class c on c.oid = a.attrelid
     where c.oid = to_regclass(format('public.%%I', %s::text)) and c.relkind in ('r', 'p')
       and a.attnum > 0 and not a.attisdropped"""
TIMES = frozenset({"date", "timestamp", "timestamptz"})
TEXT = "S"


@dataclass(frozen=True, slots=True)
class Spelled:
    """A rule as SQL: which rows are due, and what empties them; every name in it was looked up."""

    due: str
    emptied: str


class RetentionRows:
    """The tables of modules, as far as rules are about them."""

    def __init__(self, database: Database, *, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch

    def due(self, code: str, rule: Retention, platform_id: int) -> int:
        """How many rows are due; raise `RetentionFailed`."""
        with self._saying(code, rule):
            spelled = self._spelled(code, rule)
            query = f'select count(*) as rows from public."{rule.table}" where {spelled.due}'
            with self._unit(code, platform_id, read_only=True) as unit:
                return int(unit.run(query, {"days": rule.days}).fetchall()[0]["rows"])

    def batch(self, code: str, rule: Retention, platform_id: int) -> int:
        """Carry a rule out on some of them, in a transaction of its own; return how many, none when it is done."""
        with self._saying(code, rule):
            statement = _statement(rule, self._spelled(code, rule))
            with self._unit(code, platform_id) as unit:
                return max(0, unit.run(statement, {"days": rule.days, "batch": self._batch}).rowcount)

    def note(self, platform_id: int, what: str, *, actor: str) -> None:
        """Remember in the log what was done on a platform."""
        with announced(self._database, actor) as change:
            change.log("retention.apply", "retention", platform_id=platform_id, after=what)

    def _spelled(self, code: str, rule: Retention) -> Spelled:
        with self._database.connection() as connection:
            columns = {row["name"]: row for row in connection.execute(COLUMNS, [rule.table])}
        return spelled(code, rule, columns)

    def _unit(self, code: str, platform_id: int, *, read_only: bool = False) -> Unit:
        opening = Opening(code, platform_id, statement_seconds=STATEMENT_SECONDS, read_only=read_only)
        return self._database.unit(opening)

    @contextmanager
    def _saying(self, code: str, rule: Retention) -> Iterator[None]:
        try:
            yield
        except RetentionFailed:
            raise
        except psycopg.Error as error:
            raise RetentionFailed(module=code, table=rule.table, reason=first_line(error)) from error
        except KlodsError as error:
            raise RetentionFailed(module=code, table=rule.table, reason=str(error)) from error


def spelled(code: str, rule: Retention, columns: Mapping[str, Mapping[str, Any]]) -> Spelled:
    """The rule for a table with these columns; raise `RetentionFailed` for what is not there or cannot be emptied."""

    def refuse(reason: str) -> RetentionFailed:
        return RetentionFailed(module=code, table=rule.table, reason=reason)

    if not columns:
        raise refuse("there is no such table")
    for name in (rule.column, *rule.clear):
        if name not in columns:
            raise refuse(f"it has no column {name}")
    if columns[rule.column]["type"] not in TIMES:
        raise refuse(f"the column {rule.column} is neither a date nor a time")
    for name in rule.clear:
        if columns[name]["needed"] and columns[name]["category"] != TEXT:
            raise refuse(f"the column {name} cannot be emptied: it may not be null, and holds no text")
    due = f'"{rule.column}" < now() - make_interval(days => %(days)s)'
    if "platform_id" in columns:
        due += " and platform_id = klods.platform()"  # where modules have no roles, nothing else keeps platforms apart
    filled = [f"\"{name}\" <> ''" if columns[name]["needed"] else f'"{name}" is not null' for name in rule.clear]
    emptied = [f'"{name}" = {_nothing(columns[name])}' for name in rule.clear]
    return Spelled(f"{due} and ({' or '.join(filled)})" if filled else due, ", ".join(emptied))


def _nothing(column: Mapping[str, Any]) -> str:
    return "''" if column["needed"] else "null"


def _statement(rule: Retention, spelled: Spelled) -> str:
    # In a table with partitions two rows may have the same ctid, so what is due is asked again.
    table = f'public."{rule.table}"'
    some = f"ctid = any(array(select ctid from {table} where {spelled.due} limit %(batch)s)) and {spelled.due}"
    return f"update {table} set {spelled.emptied} where {some}" if rule.clear else f"delete from {table} where {some}"
