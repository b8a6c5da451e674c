"""What module code calls: plain SQL, the Session and savepoints, all in the unit of the current scope."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg.rows import DictRow

from klods.db.scope import current_scope
from klods.db.units.returning import with_returning
from klods.errors import BadParameters

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_PLACEHOLDER = re.compile(r"%s\b|%\(\w+\)s\b")


def execute_query(sql: str, params: Parameters | None = None) -> list[dict[str, Any]]:
    """Run one statement and return its rows as dictionaries, or an empty list when it has no rows to give.

    Parameters stand as ``%s`` or ``%(name)s``, and a percent sign beside them is doubled; without ``params`` the text
    is sent as it is. Raises `BadParameters` before anything is sent, and psycopg's errors for what PostgreSQL refuses.
    """
    cursor = _run(sql, params)
    return cursor.fetchall() if _has_rows(cursor) else []


def execute_insert(sql: str, params: Parameters | None = None) -> Any:
    """Run an INSERT and return the new row's ``id``, or its first column when it has no such column.

    A statement without RETURNING is given one. Of several rows the first one counts; None means that there was none,
    as after ON CONFLICT DO NOTHING.
    """
    cursor = _run(with_returning(sql), params)
    row = cursor.fetchone() if _has_rows(cursor) else None
    if not row:
        return None
    return row["id"] if "id" in row else next(iter(row.values()))


def execute_update(sql: str, params: Parameters | None = None) -> int:
    """Run an UPDATE, DELETE or another statement and return how many rows it changed."""
    return max(0, _run(sql, params).rowcount)


def get_db() -> "Session":
    """The SQLAlchemy Session of the current unit, for ``Depends(get_db)`` or a plain call; the edge closes it.

    ``commit()`` and ``rollback()`` end a savepoint only, and what is never committed is kept with the request.
    """
    return current_scope().unit.session


@contextmanager
def savepoint() -> Iterator[None]:
    """Try statements: an error inside undoes them and goes on to the caller, and the transaction can be used."""
    with current_scope().unit.savepoint():
        yield


def _has_rows(cursor: psycopg.Cursor[Any]) -> bool:
    return cursor.rownumber is not None


def _run(sql: str, params: Parameters | None) -> psycopg.Cursor[DictRow]:
    try:
        return current_scope().unit.run(sql, params)
    except TypeError as error:
        raise BadParameters(reason=str(error)) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:
            raise BadParameters(reason=str(error)) from error
        if params is None and isinstance(error, psycopg.errors.SyntaxError) and _PLACEHOLDER.search(sql):
            raise BadParameters(reason="the statement has placeholders, but no parameters were given") from error
        raise
