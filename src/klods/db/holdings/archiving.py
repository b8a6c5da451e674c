"""Sets the tables of a module aside, brings them back, and deletes them: each archive is a schema of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from klods.db.holdings.belongings import belongings, contents, hand_to, move, referrers
from klods.db.holdings.files import forget_files, rename_keeper, stored_files
from klods.db.holdings.foreign_keys import ForeignKey, fasten, loosen
from klods.db.holdings.measuring import measured
from klods.db.migrating.ledger import Record, close_book, reopen_book
from klods.db.own_connection import Connection
from klods.db.role_family import RoleFamily
from klods.db.roles.capturing import arm
from klods.db.roles.land import Land
from klods.db.roles.making import disown
from klods.db.units.reasons import first_line
from klods.errors import InUse, NoSuchArchive, NotRestored, NotSetAside, StillReferenced
from klods.kernel.holdings import Archive, Holder, Table
from klods.kernel.state import Installation

_FIND = """
    select id, code, prefix, at, version, content_hash, revision, tables from klods.archive order by id desc"""
_NEW = """
    insert into klods.archive(code, prefix, version, content_hash, revision, history, loosened, tables)
    values (%(code)s, %(prefix)s, %(version)s, %(content_hash)s, '', '[]', '[]', '[]') returning id"""
_FILL = """
    update klods.archive
       set revision = %(revision)s, history = %(history)s, loosened = %(loosened)s, tables = %(tables)s
     where id = %(id)s"""
_TAKE = "delete from klods.archive where id = %s and code = %s returning prefix, revision, history, loosened"


def find_archives(connection: Connection, code: str = "") -> tuple[Archive, ...]:
    """The archives of one module, or of all; the newest first."""
    found = map(_archive, connection.execute(_FIND))
    return tuple(archive for archive in found if code in ("", archive.holder.code))


def set_aside(connection: Connection, family: RoleFamily | None, holder: Holder, row: Installation) -> int:
    """Put everything of a module into an archive, with the history of its migrations; return the number.

    It is the host's from then on. Raises `InUse` while somebody works on the tables.
    """
    with _saying(NotSetAside, holder.code):
        values = {"version": row.version, "content_hash": row.content_hash, **holder._asdict()}
        number = int((connection.execute(_NEW, values).fetchone() or {"id": 0})["id"])
        mine = belongings(connection, holder, family)
        tables = (*measured(connection, mine), *stored_files(connection, holder.code))
        facts = {"tables": _jsons(tables), "loosened": _jsons(loosen(connection, mine))}
        connection.execute(sql.SQL("create schema {}").format(_schema(number)))
        move(connection, mine, _schema_name(number))
        rename_keeper(connection, holder.code, _schema_name(number))
        if family is not None:
            disown(connection, family, holder.code)
        revision, lines = close_book(connection, holder.code, f"set aside in archive {number}")
        history = _jsons(lines.values())
        connection.execute(_FILL, {"id": number, "revision": revision, "history": history, **facts})
    return number


def bring_back(connection: Connection, family: RoleFamily | None, code: str, number: int) -> tuple[str, ...]:
    """Put the content of an archive back into its place; return what no longer holds of it, for people."""
    row = connection.execute(_TAKE, [number, code]).fetchone()
    if row is None:
        raise NoSuchArchive(module=code)
    holder, keys = Holder(code, row["prefix"]), [ForeignKey(**key) for key in row["loosened"]]
    with _saying(NotRestored, code):
        mine = contents(connection, _schema_name(number))
        with _built_on(connection, family, holder) as owner:
            move(connection, mine, "public")
            if owner:
                hand_to(connection, mine, owner)
        rename_keeper(connection, _schema_name(number), code)
        notes = tuple(fasten(connection, code, keys))
        connection.execute(sql.SQL("drop schema {}").format(_schema(number)))
        reopen_book(connection, code, row["revision"], (Record(**line) for line in row["history"]))
    return notes


def discard(connection: Connection, code: str, number: int) -> None:
    """Delete an archive for good; raise `StillReferenced` while something outside depends on it."""
    if connection.execute(_TAKE, [number, code]).fetchone() is None:
        raise NoSuchArchive(module=code)
    if found := referrers(connection, contents(connection, _schema_name(number))):
        raise StillReferenced(module=code, referrers=", ".join(found), items=found)
    with _saying(NotSetAside, code):
        connection.execute(sql.SQL("drop schema {} cascade").format(_schema(number)))
        forget_files(connection, _schema_name(number))


@contextmanager
def _built_on(connection: Connection, family: RoleFamily | None, holder: Holder) -> Iterator[str]:
    """What comes to stand on a module's land is inspected and dressed as after a migration; gives its owner's role."""
    if family is None:
        yield ""
        arm(connection, holder.prefix)
        return
    land = Land(connection, holder, family)
    with land.reopen():
        yield land.owner


@contextmanager
def _saying(failure: type[NotSetAside | NotRestored], code: str) -> Iterator[None]:
    """Turn what the server says into what a person can do something about."""
    try:
        yield
    except errors.LockNotAvailable as error:
        raise InUse(what=f"a table of {code}", who="another transaction; try again when it has ended") from error
    except psycopg.DatabaseError as error:
        raise failure(module=code, reason=first_line(error)) from error


def _archive(row: dict[str, Any]) -> Archive:
    holder = Holder(row.pop("code"), row.pop("prefix"))
    tables = tuple(Table(**table) for table in row.pop("tables"))
    return Archive(holder=holder, tables=tables, **row)


def _jsons(values: Sequence[Any] | Any) -> Jsonb:
    return Jsonb([asdict(value) for value in values])


def _schema_name(number: int) -> str:
    return f"klods_archive_{number}"


def _schema(number: int) -> sql.Identifier:
    return sql.Identifier(_schema_name(number))
