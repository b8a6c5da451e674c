"""The ASGI wrapper round a module's app: one request is one unit, and the unit ends before the first byte is sent."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Asgi

from klods.db.database import Database
from klods.db.ongoing import Ongoing
from klods.db.scope import Scope, ScopeKind
from klods.errors import CommitFailed, ReadOnly
from klods.kernel.catalog import Module
from klods.kernel.changes import Changes, DryRun
from klods.kernel.configured import ConfigurationOf
from klods.kernel.subject import Subject
from klods.kernel.switches import Mode, Switches, mode_of
from klods.web.asgi_scope import ENTRY, EXCHANGE, locale_of, platform_of, request_id_of
from klods.web.engine.answers import refuse_malformed
from klods.web.engine.asked import asked_in, is_unsafe
from klods.web.engine.dry_record import DryRecord, Labels
from klods.web.engine.inbox import Inbox
from klods.web.engine.snapshot import Entry
from klods.web.errors import Errors, asked_for, report, tried_to_write

log = logging.getLogger(__name__)

UNITS_ENDED_AT_ONCE = 8
FAILED = HTTPStatus.BAD_REQUEST.value
BROKEN = HTTPStatus.INTERNAL_SERVER_ERROR.value
DRY_RUN = ((b"x-klods-dry-run", b"true"),)
BEGINNINGS = frozenset(["http.response.start", "websocket.accept", "websocket.close", "websocket.http.response.start"])
"""The messages after which no other answer can be given."""


@dataclass(frozen=True)
class Surroundings:
    """What the edge of every module needs from the host."""

    database: Database
    authenticate: Callable[[Asgi], Awaitable[Subject | None]]
    switches: Callable[[str, int], Switches]
    """The safety switches in force, by module and platform."""

    configuration: ConfigurationOf | None = None
    """What modules are configured with, by module and platform."""

    keep_dry_run: Callable[[DryRun], None] | None = None
    """Keeps what a dry run would have changed; blocks."""

    errors: Errors = field(default_factory=Errors)
    catalog: Callable[[], Mapping[str, Module]] = dict
    is_enabled: Callable[[str, int], bool] = lambda code, platform_id: True  # noqa: ARG005
    """Whether a module may be called on a platform."""

    ongoing: Ongoing = field(default_factory=Ongoing)
    """The live units of this process, for whoever holds a module."""

    worker_threads: int = 8


class Edge:
    """Runs a module's app for one request after another; nothing that the app does gets past it."""

    def __init__(self, app: ASGIApp, module: Module, around: Surroundings) -> None:
        self.module = module
        self.around = around
        self.state: Mapping[str, Any] = {}
        """What the lifespans of the module offer to its requests."""
        self.limiter = CapacityLimiter(UNITS_ENDED_AT_ONCE)
        self.making = threading.Lock()
        self._app = app

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request or serve one socket."""
        exchange = Exchange(self, scope, receive, send)
        scope[EXCHANGE] = exchange
        if self.state:
            scope["state"] = {**scope.get("state", {}), **self.state}
        try:
            await self._app(scope, exchange.receive, exchange.send)
            exchange.must_have_begun()
        except asyncio.CancelledError:
            if not exchange.ending:
                raise
            await exchange.say_goodbye()
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - the isolation edge; `fail` logs what is unexpected
            await exchange.fail(error)
        finally:
            exchange.close()


class Exchange:
    """One request or socket at the edge of a module: its messages, its scope, and how both end."""

    __slots__ = (
        "_abandoned", "_edge", "_inbox", "_labels", "_may_last", "_platform", "_receive", "_record", "_replaced", "_scope",
        "_send", "_task", "_thread", "asgi", "ending", "mode", "started", "switches", "working"
    )  # fmt: skip

    def __init__(self, edge: Edge, asgi: Asgi, receive: Receive, send: Send) -> None:
        self.asgi = asgi
        self.started = False
        """Whether something has been sent that cannot be taken back."""
        self.working = False
        """Whether a worker thread uses the scope now; that thread ends the scope."""
        self.ending = False
        """Whether the host ends this socket or event stream because its module is being switched off."""
        self.mode: Mode | None = None
        """How the request runs; None before its scope is open, and when it was refused."""
        self._platform = platform_of(asgi)
        self.switches = edge.around.switches(edge.module.code, self._platform)
        """The safety switches of the module, as they were when the request came."""
        self._task = asyncio.current_task()
        self._thread = threading.get_ident()
        self._edge = edge
        self._receive = receive
        self._inbox: Inbox | None = None
        self._send = send
        self._scope: Scope | None = None
        self._labels: Labels = DRY_RUN
        self._record: DryRecord | None = None
        self._replaced = False
        self._abandoned = False
        self._may_last = False

    async def receive(self) -> Message:
        """The client's next message; may be awaited on any loop."""
        return await (self._inbox or self._make_inbox())()

    def _make_inbox(self) -> Inbox:
        """Made when somebody reads, which most requests never do; whoever comes first, on whatever thread, makes the only one."""
        with self._edge.making:
            if self._inbox is None:
                assert self._task is not None  # noqa: S101 - requests are tasks
                self._inbox = Inbox(self._receive, self._task.get_loop(), self._thread)
            return self._inbox

    def open(self, subject: Subject | None, *, reads_only: bool = False) -> Scope:
        """The scope of this request, whose unit begins with its first statement; a socket's scope is over at once.

        Raises `ReadOnlyModule` or `NotLive` when the module's safety switches forbid it.
        """
        asgi, around, code = self.asgi, self._edge.around, self._edge.module.code
        asked, socket = asked_in(asgi), asgi["type"] != "http"
        self.mode = mode_of(code, self.switches, unsafe=is_unsafe(asgi), reads_only=reads_only, asked=asked)
        scope = self._scope = Scope(
            around.database,
            code,
            platform_id=self._platform,
            subject=subject,
            locale=locale_of(asgi),
            request_id=request_id_of(asgi),
            kind=ScopeKind.REQUEST,
            catalog=around.catalog(),
            is_enabled=around.is_enabled,
            switches=around.switches,
            configuration=around.configuration,
            read_only=self.mode is Mode.READ_ONLY,
            dry=self.mode is Mode.DRY,
            judged=True,
            asked=asked,
            least=Mode.LIVE if socket else None,  # a socket lives long, and each of its scopes asks the switches anew
            ongoing=around.ongoing,
            noted=self._later,
        )
        scope.host_thread = self._thread
        if socket:
            scope.end(keep=False)
        return scope

    def finish(self, status: int) -> None:
        """End the unit: keep what it did below 400, undo it otherwise. Blocks; raises when it cannot be kept."""
        if self._scope is None:
            return
        try:
            self._scope.end(keep=status < FAILED)
        except CommitFailed as error:
            if self._only_reads(error):
                raise self._refusal() from error
            raise
        self._note_changes(status)

    def rest(self) -> None:
        """The worker thread is done with the scope; it ends the scope if nobody else will."""
        self.working = False
        if self._abandoned:
            self.finish(BROKEN)

    async def send(self, message: Message) -> None:
        """Pass a message on to the client, the first one not before the unit has ended."""
        if self._replaced:
            return
        kind = message["type"]
        if kind == "http.response.start":
            try:
                refuse_malformed(message["status"], message.get("headers", ()))
                await self._settle(message["status"])
            except Exception as error:  # noqa: BLE001 - whatever the database says, the client gets an answer
                await self._replace(error)
                return
            if (b"content-type", b"text/event-stream") in _kinds(message):
                self._may_be_ended()
        elif kind == "websocket.accept":
            self._may_be_ended()
        self.started = self.started or kind in BEGINNINGS
        try:
            await self._send_labelled(message)
        except OSError as error:
            raise ClientDisconnect from error

    def must_have_begun(self) -> None:
        """Raise when the app is done with a request and has said nothing."""
        if not self.started and self.asgi["type"] == "http":
            raise RuntimeError("the module gave no answer")

    def end(self) -> None:
        """End a socket or an event stream from outside."""
        if self._task is not None and not self.ending:
            self.ending = True
            self._task.cancel()

    async def say_goodbye(self) -> None:
        """Close what `end` has ended, so that the client knows."""
        if self._task is not None:
            self._task.uncancel()
        last = {"type": "http.response.body", "body": b"", "more_body": False}
        socket = self.asgi["type"] == "websocket"
        await self._send({"type": "websocket.close", "code": 1001} if socket else last)

    async def fail(self, error: BaseException) -> None:
        """Answer an error that nothing inside handled."""
        if isinstance(error, ClientDisconnect):
            log.info("%s: the client went away", self._edge.module.code)
            return
        if not self.started:
            await self._replace(error)
            return
        report(error, self.asgi)
        if self.asgi["type"] == "websocket":
            with suppress(Exception):
                await self._send({"type": "websocket.close", "code": 1011})

    def close(self) -> None:
        """Undo what is still open, if the request ended without an answer."""
        self._abandoned = True
        if self._inbox is not None:
            self._inbox.close()
        if self._may_last:
            self.asgi[ENTRY].open_ended.discard((self._platform, self.end))
        scope = self._scope
        if scope is None or scope.ended or self.working:
            return
        if not scope.ends_at_once:
            # The request was cancelled; its unit must not wait for the loop, nor the loop for its unit.
            threading.Thread(target=self._undo, daemon=True).start()
        else:
            scope.end(keep=False)

    def _may_be_ended(self) -> None:
        entry: Entry | None = self.asgi.get(ENTRY)
        if entry is not None:
            self._may_last = True
            entry.add_open_ended(self._platform, self.end)

    async def _settle(self, status: int) -> None:
        scope = self._scope
        if scope is None or scope.ended:
            return
        # A dry run, and one out of which others came, has something to tell the database in any case.
        if not scope.ends_at_once or self._record is not None or self.mode is Mode.DRY:
            await to_thread.run_sync(self.finish, status, limiter=self._edge.limiter)
        else:
            self.finish(status)

    async def _replace(self, error: BaseException) -> None:
        self._replaced = self.started = True
        if self._only_reads(error):
            refusal = self._refusal()
            refusal.__cause__, error = error, refusal
        report(error, self.asgi)
        with suppress(Exception):
            await self._settle(BROKEN)
        response = self._edge.around.errors.response(self.asgi, error)
        await response(self.asgi, self.receive, self._send_labelled)

    def _only_reads(self, error: BaseException) -> bool:
        return self.mode is Mode.READ_ONLY and tried_to_write(error)

    def _refusal(self) -> ReadOnly:
        return ReadOnly(module=self._edge.module.code, route=asked_for(self.asgi))

    def _note_changes(self, status: int) -> None:
        """Label the answer with what a dry run would have changed, and keep that for who wants to look at it."""
        if self.mode is Mode.DRY and len(self._labels) == len(DRY_RUN):
            changes = self._scope.changes if self._scope else None
            self._labels = (*DRY_RUN, *self._dry_record().answer(status, changes))

    def _later(self, changes: Changes) -> None:
        """What a scope that came out of this exchange would have changed; of a socket there is no answer to wait for."""
        record = self._dry_record()
        if self.asgi["type"] != "http" or self.mode is not Mode.DRY:
            record.begin()
        record.add(changes)

    def _dry_record(self) -> DryRecord:
        if self._record is None:
            around = self._edge.around
            self._record = DryRecord(self._edge.module.code, self._platform, around.keep_dry_run)
        return self._record

    async def _send_labelled(self, message: Message) -> None:
        """Send a message; the first one of a dry run says that it is one, and of a live one what was only tried."""
        if message["type"] == "http.response.start" and (labels := self._labels_now()):
            message = {**message, "headers": [*message.get("headers", ()), *labels]}
        await self._send(message)

    def _labels_now(self) -> Labels:
        if self.mode is Mode.DRY:
            return self._labels
        undone = self._scope.undone if self._scope is not None else ()
        return ((b"x-klods-undone", ", ".join(sorted(undone)).encode()),) if undone else ()

    def _undo(self) -> None:
        try:
            self.finish(BROKEN)
        except Exception:
            log.exception("%s: an abandoned unit could not be undone", self._edge.module.code)


def _kinds(message: Message) -> list[tuple[bytes, bytes]]:
    return [(name, value.partition(b";")[0]) for name, value in message.get("headers", ()) if name == b"content-type"]


def exchange_of(asgi: Asgi) -> Exchange:
    """The exchange that a request inside a module belongs to."""
    found: Any = asgi[EXCHANGE]
    assert isinstance(found, Exchange)  # noqa: S101 - only the edge calls a module's app
    return found
