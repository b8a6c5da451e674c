"""Sends the mail that waits: a thread of the web process."""

import logging
import threading
from collections.abc import Callable

from klods.db.mail_queue import MailQueue, QueuedMail
from klods.kernel.mailing import Verdict

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0


class Postman:
    """Looks for mail when a unit of this process has kept some, and every few seconds for that of other processes."""

    def __init__(
        self,
        queue: MailQueue,
        send: Callable[[QueuedMail], Verdict],
        waits: threading.Event,
        seconds: float = POLL_SECONDS,
    ) -> None:
        self._queue = queue
        self._send = send
        self._waits = waits
        self._seconds = seconds
        self._stopping = False
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="klods-postman", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Send nothing more; a mail that is on its way is waited for so long."""
        self._stopping = True
        self._waits.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._queue.deliver(self._try)
                self._say("")
            except Exception as error:  # noqa: BLE001 - a postman that ends would leave mail lying for ever
                self._say(repr(error), error)
            self._waits.wait(self._seconds)
            self._waits.clear()

    def _try(self, mail: QueuedMail) -> Verdict:
        if self._stopping:
            raise Stopping
        verdict = self._send(mail)
        if verdict.reason:
            log.warning("the mail %s of %s: %s", mail.id, mail.module, verdict.reason)
        return verdict

    def _say(self, trouble: str, error: Exception | None = None) -> None:
        """Log what is wrong when it begins, not at every try."""
        if trouble and trouble != self._trouble and not isinstance(error, Stopping):
            log.error("mail cannot be looked for; trying again", exc_info=error)
        self._trouble = trouble


class Stopping(Exception):
    """The process ends, so the mail is left to another one."""
