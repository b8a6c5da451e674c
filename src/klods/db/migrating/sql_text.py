"""SQL text of migrations, handed to the server as data: a stray COMMIT in it cannot leave half a migration behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from klods.db.roles.escapes import escapes, may_escape
from klods.db.units.lexing import Token, tokens

TRANSACTION_WORDS = frozenset(["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"])
_EXECUTE = "$klods$ begin execute current_setting('klods.sql'); end $klods$"
RUN = (f"do {_EXECUTE}",)
RUN_IN_ROLE = (
    # Inside SECURITY DEFINER PostgreSQL changes no role, however well SET ROLE is hidden in a text that is put together.
    f'create function public."klods run"() returns void language plpgsql security definer as {_EXECUTE}',
    'select public."klods run"()',
    'drop function public."klods run"()',
)


class TextFailed(Exception):
    """A piece of SQL text failed; ``line`` is 0 when nobody can say where."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a text, the line it begins on, and its words and signs in capitals."""

    text: str
    line: int
    words: tuple[str, ...]

    @property
    def refusal(self) -> str:
        """Why this statement cannot stand in a migration, or an empty string."""
        if "\\" in self.words:
            return "a command of psql (with a backslash) cannot stand in a migration"
        if self.words[0] == "COPY" and {"STDIN", "STDOUT"} & set(self.words):
            return "COPY from or to the client cannot stand in a migration; use INSERT"
        if self.words[0] in TRANSACTION_WORDS or self.words[:2] == ("PREPARE", "TRANSACTION"):
            return f"{self.words[0]} cannot stand in a migration: the host runs all of it in one transaction"
        return ""


def statements(text: str) -> Iterator[Statement]:
    """Cut a text at the semicolons that end statements; empty statements are left out."""
    found: list[Token] = []
    depth = 0
    for token in tokens(text):
        if token.text == ";" and depth == 0:
            yield from _statement(text, found)
            found = []
        else:
            found.append(token)
            depth = _depth(found, depth)
    yield from _statement(text, found)


def _statement(text: str, found: list[Token]) -> Iterator[Statement]:
    if found:
        start = found[0].end - len(found[0].text)
        line = text.count("\n", 0, start) + 1
        yield Statement(text[start : found[-1].end], line, tuple(token.text.upper() for token in found))


def _depth(found: list[Token], depth: int) -> int:
    """How deep the last word leaves us in the body of an SQL-standard function, where semicolons end nothing."""
    last = found[-1].text.upper()
    if last == "ATOMIC" and len(found) > 1 and found[-2].text.upper() == "BEGIN":
        return depth + 1
    if depth and last == "CASE":
        return depth + 1
    return depth - 1 if depth and last == "END" else depth


def refuse_escapes(text: str) -> None:
    """Raise `TextFailed` for a command that would leave the role of the module."""
    for statement in statements(text) if may_escape(text) else ():
        for found in escapes(statement.text):
            raise TextFailed(f"{found} cannot stand in a migration: it stays in the role of its module", statement.line)


def run_text(connection: psycopg.Connection[Any], text: str, *, in_role: bool = False) -> None:
    """Let the server run the whole text inside the open transaction; raise `TextFailed` with line and reason.

    A text that would leave the role it runs in is not run at all; ``in_role`` says that it runs in the module's.

    Nothing of the text is parsed for ``%`` or ``:``. After a failure the transaction is as before the text.
    """
    refuse_escapes(text)
    connection.execute("savepoint klods_text")
    try:
        _run(connection, text, in_role=in_role)
    except psycopg.Error as error:
        raise _located(connection, text, error, in_role=in_role) from error
    connection.execute("release savepoint klods_text")


def say(error: psycopg.Error) -> str:
    """The database's own words, on one line."""
    diag = error.diag
    if not diag.message_primary:
        return " ".join(str(error).split())
    return "; ".join(part for part in (diag.message_primary, diag.message_detail, diag.message_hint) if part)


def _run(connection: psycopg.Connection[Any], text: str, *, in_role: bool) -> None:
    # The role that owns the tables may not call `set_config`.
    connection.execute(sql.SQL("set local klods.sql = {}").format(sql.Literal(text)))
    for statement in RUN_IN_ROLE if in_role else RUN:
        connection.execute(statement.encode())


def _located(connection: psycopg.Connection[Any], text: str, error: psycopg.Error, *, in_role: bool) -> TextFailed:
    if connection.closed:
        return TextFailed(say(error))
    connection.execute("rollback to savepoint klods_text")
    for statement in statements(text):
        if statement.refusal:
            return TextFailed(statement.refusal, statement.line)
    if (position := _position(error, text)) is not None:
        return TextFailed(say(error), text.count("\n", 0, position - 1) + 1)
    # Time-outs and deadlocks say nothing about the text; running it again would only wait again.
    passing = isinstance(error, psycopg.OperationalError)
    return TextFailed(say(error), 0 if passing else _failing_line(connection, text, error, in_role=in_role))


def _position(error: psycopg.Error, text: str) -> int | None:
    # A query inside a function or DO block has a position of its own, which means nothing in this text.
    position = error.diag.internal_position if error.diag.internal_query == text else None
    return int(position) if position else None


def _failing_line(connection: psycopg.Connection[Any], text: str, error: psycopg.Error, *, in_role: bool) -> int:
    """Run the statements one by one until one fails: errors that come with data carry no position."""
    for statement in statements(text):
        try:
            _run(connection, statement.text, in_role=in_role)
        except psycopg.Error as again:
            if not connection.closed:
                connection.execute("rollback to savepoint klods_text")
            return statement.line if again.sqlstate == error.sqlstate else 0
    connection.execute("rollback to savepoint klods_text")
    return 0
