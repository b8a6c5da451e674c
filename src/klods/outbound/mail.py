"""Mail that modules send: `klods.mail`.

A mail is a row of the unit: what is rolled back is never sent, and what is kept is sent after that, by the web process,
again and again until the mail server takes it. A dry run sends nothing.
"""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from klods.db.mail_queue import queue_mail
from klods.db.scope import open_scope
from klods.errors import BlockingCall, ReadOnlyModule
from klods.kernel.mailing import Attachment, Content, compose

__all__ = ["Attachment", "send"]


def send(
    to: str | Sequence[str],
    subject: str,
    text: str,
    *,
    html: str | None = None,
    reply_to: str | None = None,
    attachments: Sequence[Attachment] = (),
) -> str:
    """Let a mail be sent once the unit is kept, and return its id; all recipients see each other.

    An attachment is a name, a content and, where the name does not say it, a media type. Raises `InvalidMail`, or
    `ReadOnlyModule` when the module must not send.
    """
    scope = open_scope()
    letter = compose(to, subject, Content(text, html, attachments), at=datetime.now(UTC), reply_to=reply_to)
    if scope.read_only:
        raise ReadOnlyModule(module=scope.held_by or scope.module)
    if scope.host_thread == threading.get_ident():
        raise BlockingCall
    mail_id = queue_mail(scope, letter)
    scope.unit.when_kept(scope.database.mail_waits.set)
    return mail_id
