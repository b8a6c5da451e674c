"""What stands in a module's tests in the place of the world outside: other servers, and the mail server."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

import httpx2

from klods.db.mail_queue import MailQueue, QueuedMail
from klods.kernel.mailing import content_of

if TYPE_CHECKING:
    from klods.db.database import Database
    from klods.outbound.transports import StandIn

MOST_MAILS = 10_000


class OutgoingHttp:
    """Answers every request that the module sends; one for which nothing was prepared fails the test."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        """What was sent, in order; what a dry run kept back is not among it."""
        self._answers: list[tuple[str, httpx2.URL, StandIn]] = []

    def on(self, method: str, url: str, answer: "StandIn") -> None:
        """Answer a request like this from now on, with an `httpx2.Response` or what a function makes of the request.

        A URL without a query stands for all queries.
        """
        self._answers.insert(0, (method.upper(), httpx2.URL(url), answer))

    def respond(self, request: httpx2.Request) -> httpx2.Response:
        """The answer that was prepared for a request."""
        from klods.outbound.transports import copied

        request.read()
        self.requests.append(request)
        for method, url, answer in self._answers:
            if request.method == method and _fits(request.url, url):
                return copied(answer if isinstance(answer, httpx2.Response) else answer(request))
        message = f"nothing answers {request.method} {request.url} here; prepare it with outgoing_http.on(…)"
        raise AssertionError(message)

    async def respond_later(self, request: httpx2.Request) -> httpx2.Response:
        """The same for native modules."""
        await request.aread()
        return self.respond(request)


def _fits(asked: httpx2.URL, prepared: httpx2.URL) -> bool:
    return asked == prepared or (not prepared.query and asked.copy_with(query=None) == prepared)


@dataclass(frozen=True)
class ReadMail:
    """A mail as its reader sees it."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str = ""
    attachments: dict[str, bytes] = field(default_factory=dict)


class SentMail(Sequence[ReadMail]):  # noqa: PLW1641 - it changes
    """The mail that was kept so far, oldest first; it is looked up each time it is asked."""

    def __init__(self, database: "Database") -> None:
        self._queue = MailQueue(database)

    @overload
    def __getitem__(self, index: int) -> ReadMail: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ReadMail]: ...
    def __getitem__(self, index: int | slice) -> ReadMail | Sequence[ReadMail]:
        return self._mails()[index]

    def __len__(self) -> int:
        return len(self._mails())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._mails() == [*other]

    def __repr__(self) -> str:
        return repr(self._mails())

    def _mails(self) -> list[ReadMail]:
        newest = self._queue.newest(MOST_MAILS)
        return [_as_read(self._queue.find(one.id)) for one in reversed(newest)]


def _as_read(mail: QueuedMail) -> ReadMail:
    content = content_of(mail.message)
    attachments = {name: data for name, data, *_ in content.attachments}
    return ReadMail(tuple(mail.recipients), mail.subject, content.text, content.html or "", attachments)
