"""Mail that waits for the mail server, and what became of the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from klods.db.database import Database
from klods.db.own_connection import Connection, own_connection
from klods.db.scope import Scope
from klods.errors import AlreadySent, NoSuchMail
from klods.kernel.mailing import MOST_TRIES, Letter, Verdict, wait_seconds

_COLUMNS = "id::text, module, platform_id, at, recipients, subject, parts, state, tries, next_try_at, reason, sent_at"
_DUE = "state = 'waiting' and next_try_at <= now()"
IS_DUE = f"select from klods.outgoing_mail where {_DUE} limit 1"
NEXT = f"""
    select {_COLUMNS}, message from klods.outgoing_mail where {_DUE}
     order by next_try_at limit 1 for update skip locked"""
SENT = """
    update klods.outgoing_mail set state = 'sent', tries = tries + 1, reason = %(reason)s, sent_at = now()
     where id = %(id)s::uuid"""
NOT_SENT = """
    update klods.outgoing_mail
       set state = %(state)s, tries = tries + 1, reason = %(reason)s, next_try_at = now() + make_interval(secs => %(seconds)s)
     where id = %(id)s::uuid"""
AGAIN = """
    update klods.outgoing_mail set state = 'waiting', tries = 0, next_try_at = now()
     where id::text = %s and state <> 'sent'"""
HOST = "klods"
PUT = """
    insert into klods.outgoing_mail (module, platform_id, recipients, subject, parts, message)
    values (%s, %s, %s, %s, %s, %s)"""
FORGET = "delete from klods.outgoing_mail where state = 'sent' and sent_at < now() - interval '30 days'"


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """One mail and how far it has come."""

    id: str
    module: str
    platform_id: int
    at: datetime
    recipients: Sequence[str]
    subject: str
    parts: dict[str, Any]
    state: str
    """``waiting``, ``sent`` or ``failed``."""

    tries: int
    next_try_at: datetime
    reason: str
    sent_at: datetime | None
    message: bytes = b""


def queue_mail(scope: Scope, letter: Letter) -> str:
    """Let a mail wait, as a part of the scope's unit; return its id."""
    values = [scope.module, list(letter.recipients), letter.subject, Jsonb(letter.parts), letter.message]
    rows = scope.unit.run("select klods.queue_mail(%s, %s, %s, %s, %s)::text as id", values).fetchall()
    return str(rows[0]["id"])


class MailQueue:
    """The mail of all modules, and of the hub itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, letter: Letter, platform_id: int) -> None:
        """Let a mail of the hub itself wait; it is kept at once."""
        values = [HOST, platform_id, list(letter.recipients), letter.subject, Jsonb(letter.parts), letter.message]
        with self._database.connection() as connection:
            connection.execute(PUT, values)
        self._database.mail_waits.set()

    def deliver(self, send: Callable[[QueuedMail], Verdict]) -> int:
        """Let ``send`` try every mail that is due until there is none, or the server is away; return how many were sent.

        Who tries a mail holds it, so that no other process does. A crash in between may send it twice.
        """
        if not self._is_due():
            return 0
        sent = 0
        with own_connection(self._database) as connection:
            while (verdict := _deliver_one(connection, send)) and verdict.reached:
                sent += verdict.sent
        return sent

    def waiting(self) -> int:
        """How many wait."""
        with self._database.connection() as connection:
            row = connection.execute("select count(*) as n from klods.outgoing_mail where state = 'waiting'").fetchone()
        return int(row["n"]) if row else 0

    def newest(self, most: int, state: str = "") -> list[QueuedMail]:
        """The newest mails, of one state or of all; without their messages."""
        sql = (
            f"select {_COLUMNS} from klods.outgoing_mail where %(state)s in ('', state) order by at desc limit %(most)s"
        )
        with self._database.connection() as connection:
            return [QueuedMail(**row) for row in connection.execute(sql, {"state": state, "most": most})]

    def find(self, mail_id: str) -> QueuedMail:
        """One mail; raise `NoSuchMail`."""
        sql = f"select {_COLUMNS}, message from klods.outgoing_mail where id::text = %s"
        with self._database.connection() as connection:
            row = connection.execute(sql, [mail_id]).fetchone()
        if row is None:
            raise NoSuchMail(id=mail_id)
        return QueuedMail(**row)

    def retry(self, mail_id: str) -> None:
        """Let a mail be tried at once and from the beginning; raise `NoSuchMail` or `AlreadySent`."""
        self.find(mail_id)
        with self._database.connection() as connection:
            if not connection.execute(AGAIN, [mail_id]).rowcount:
                raise AlreadySent(id=mail_id)

    def forget_sent(self) -> int:
        """Remove what was sent more than 30 days ago; return how many."""
        with self._database.connection() as connection:
            return connection.execute(FORGET).rowcount

    def _is_due(self) -> bool:
        with self._database.connection() as connection:
            return connection.execute(IS_DUE).rowcount > 0


def _deliver_one(connection: Connection, send: Callable[[QueuedMail], Verdict]) -> Verdict | None:
    with connection.transaction():
        row = connection.execute(NEXT).fetchone()
        if row is None:
            return None
        verdict = send(mail := QueuedMail(**row))
        values: dict[str, Any] = {"id": mail.id, "reason": verdict.reason[:500]}
        if verdict.sent:
            connection.execute(SENT, values)
        else:
            over = verdict.final or mail.tries + 1 >= MOST_TRIES
            values |= {"state": "failed" if over else "waiting", "seconds": wait_seconds(mail.tries + 1)}
            connection.execute(NOT_SENT, values)
        return verdict
