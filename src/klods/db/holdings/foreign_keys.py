"""Takes foreign keys off tables that are set aside, and puts them on again: they would hold on to what stays."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import errors, sql

from klods.db.holdings.belongings import Belonging
from klods.db.own_connection import Connection
from klods.db.units.reasons import first_line
from klods.errors import NotRestored

_OUTWARD = """
    select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid
     where k.contype = 'f' and k.conparentid = 0 and k.conrelid = any(%(mine)s::oid[])
       and not k.confrelid = any(%(mine)s::oid[])
     order by 1, 2"""

_ARCHIVED = re.compile(r"REFERENCES klods_archive_\d+\.")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as the server spells it, with every name in full."""

    table: str
    name: str
    definition: str


def loosen(connection: Connection, mine: Sequence[Belonging]) -> tuple[ForeignKey, ...]:
    """Take off the foreign keys that point out of these tables; return them."""
    connection.execute("select set_config('search_path', '', true)")
    rows = connection.execute(_OUTWARD, {"mine": [it.oid for it in mine]}).fetchall()
    connection.execute("set local search_path to default")
    for row in rows:
        names = map(sql.Identifier, (row["table"], row["name"]))
        connection.execute(sql.SQL("alter table public.{} drop constraint {}").format(*names))
    return tuple(ForeignKey(**row | {"definition": _back_in_public(row["definition"])}) for row in rows)


def _back_in_public(definition: str) -> str:
    """A table that was set aside just before, in the same plan, comes back to where it was."""
    return _ARCHIVED.sub("REFERENCES public.", definition)


def fasten(connection: Connection, code: str, keys: Sequence[ForeignKey]) -> Iterator[str]:
    """Put them on again; what the rows no longer keep holds for new ones only, and is said for people.

    Raises `NotRestored` when a key points at what is not there.
    """
    for key in keys:
        try:
            _add(connection, key, "")
        except errors.ForeignKeyViolation as error:
            yield from _for_new_rows(connection, key, error.diag.message_detail or first_line(error))
        except (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidForeignKey) as error:
            reason = f"{key.name} of {key.table} points at what is not there: {first_line(error)}"
            raise NotRestored(module=code, reason=reason) from error


def _for_new_rows(connection: Connection, key: ForeignKey, why: str) -> Iterator[str]:
    try:
        _add(connection, key, " not valid")
        yield f"{key.name} of {key.table} is on for new rows only, because some that came back do not keep it: {why}"
    except (errors.WrongObjectType, errors.FeatureNotSupported) as error:
        yield f"{key.name} of {key.table} was left off ({first_line(error)}): {why}"


def _add(connection: Connection, key: ForeignKey, how: str) -> None:
    names = map(sql.Identifier, (key.table, key.name))
    statement = sql.SQL("alter table public.{} add constraint {} {}{}")
    connection.execute("savepoint klods_key")
    try:
        connection.execute(statement.format(*names, sql.SQL(key.definition), sql.SQL(how)))
    except errors.DatabaseError:
        connection.execute("rollback to savepoint klods_key")
        raise
    connection.execute("release savepoint klods_key")
