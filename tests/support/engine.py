"""Modules written for a test, served through dispatcher, gate and edge by raw ASGI calls; no server, no host."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from types import ModuleType, SimpleNamespace
from typing import Any

from fastapi import FastAPI

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import FrontendType, ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.names import package_name
from klods.kernel.platforms import DEFAULT, Platforms
from klods.kernel.subject import Subject
from klods.kernel.switches import LIVE
from klods.web.asgi_scope import PLATFORM, PLATFORMS
from klods.web.engine.dispatcher import Dispatcher
from klods.web.engine.edge import Surroundings
from klods.web.engine.loading import Loader
from klods.web.engine.module_app import ModuleApp, build
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.errors import Errors

PEOPLE = {
    b"admin": Subject(1, "admin", kind=FrontendType.ADMIN),
    b"vendor": Subject(2, "vendor", kind=FrontendType.VENDOR),
    b"elsewhere": Subject(3, "elsewhere", kind=FrontendType.ADMIN, platform_id=2),
}


async def authenticate(scope) -> Subject | None:
    return next((PEOPLE.get(value) for name, value in scope["headers"] if name == b"x-user"), None)


def write_module(place: Path, code: str, files: Mapping[str, str], **fields: Any) -> Module:
    """A module on disk, from the text of its files."""
    folder = place / code
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    definition = ModuleDefinition(code=code, **{"name": code.title(), **fields})
    return Module(definition, Source(code, folder, package_name(code)))


@dataclass
class Answer:
    """What a client got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.json["error"]


@dataclass
class Request:
    """What a client sends: a method, a path, headers and a body, in one piece or in several."""

    method: str = "GET"
    path: str = "/"
    user: str = "admin"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | list[bytes] = b""
    platforms: Platforms = field(default_factory=lambda: Platforms((DEFAULT,)))
    before_reading: Callable[[Mapping[str, Any]], Any] | None = None
    """Awaited before each piece of the answer is taken: a slow client."""

    def scope(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        headers = {"host": "hub", "x-user": self.user, **self.headers}
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "method": self.method, "scheme": "http", "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "client": ("test", 1), "server": ("hub", 80),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "klods.request_id": "req-1", PLATFORM: self.platforms.known[0], PLATFORMS: self.platforms,
        }  # fmt: skip


async def ask(app, request: Request) -> Answer:
    """Send one request through an ASGI app."""
    answer = Answer()
    pieces = list(request.body) if isinstance(request.body, list) else [request.body]
    gone = asyncio.Event()

    async def receive():
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if request.before_reading:
            await request.before_reading(message)
        if message["type"] == "http.response.start":
            assert not answer.status, "the answer began twice"
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message.get("headers", ())}
        else:
            answer.body += message.get("body", b"")
            answer.whole = not message.get("more_body", False)

    await app(request.scope(), receive, send)
    gone.set()
    return answer


@dataclass
class Hub:
    """A dispatcher over modules of a test."""

    around: Surroundings
    switchboard: Switchboard = field(default_factory=Switchboard)
    errors: Errors = field(default_factory=Errors)
    loader: Loader | None = None
    loading_seconds: float = 5.0

    def __post_init__(self) -> None:
        self.host = FastAPI(openapi_url=None)
        hasten = self.loader.hasten if self.loader else lambda _: None
        self.app = Dispatcher(
            self.switchboard, self.host, errors=self.errors, hasten=hasten, loading_seconds=self.loading_seconds
        )

    def add(self, module: Module, *, enabled: bool = True) -> Entry:
        """Load a module at once and serve it."""
        entry = Entry(module, "one")
        entry.succeed(build(module, self.around))
        self.put({**self.switchboard.current.entries, module.code: entry}, {module.code} if enabled else set())
        return entry

    def put(self, entries: Mapping[str, Entry], enabled: set[str]) -> None:
        """Serve other entries, and open gates."""
        old = self.switchboard.current
        opened = old.enabled.get(1, frozenset()) | enabled
        self.switchboard.swap(Snapshot(old.generation + 1, dict(entries), {1: opened}))

    def switch(self, *codes: str) -> None:
        """Leave only these modules enabled."""
        old = self.switchboard.current
        self.switchboard.swap(Snapshot(old.generation + 1, old.entries, {1: frozenset(codes)}))

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        """One request, on a loop of its own."""
        return asyncio.run(ask(self.app, Request(method, path, **more)))

    def threads(self, code: str) -> Any:
        return self.module_app(code).threads

    def code(self, code: str) -> ModuleType:
        """What stands in the module's backend/router.py: events, for a test that decides what happens when."""
        return sys.modules[f"{package_name(code)}.backend.router"]

    def module_app(self, code: str) -> ModuleApp:
        app = self.switchboard.current.entries[code].app
        assert isinstance(app, ModuleApp)
        return app


@contextmanager
def serving(database: Any = None, **more: Any) -> Iterator[Hub]:
    """A hub without modules; what it loads is forgotten afterwards."""
    switches = more.pop("switches", LIVE)
    around = Surroundings(
        database or SimpleNamespace(),
        authenticate,
        switches=switches if callable(switches) else lambda *_: switches,
        keep_dry_run=more.pop("keep_dry_run", None),
        worker_threads=more.pop("worker_threads", 8),
    )
    importer = ModuleImporter()
    importer.install()
    hub = Hub(around, **more)
    add = hub.add

    def mount_and_add(module: Module, **how: Any) -> Entry:
        importer.mount(module.source)
        return add(module, **how)

    hub.add = mount_and_add  # type: ignore[method-assign]
    hub.mount = importer.mount  # type: ignore[attr-defined]
    try:
        yield hub
    finally:
        for entry in hub.switchboard.current.entries.values():
            if entry.app is not None:
                entry.app.threads.close(2)
        importer.remove()
