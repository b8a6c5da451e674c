"""What it costs that there are a thousand modules: the last one against a bare FastAPI app and `include_router`.

Everything runs in this process, in rounds that take turns, without a server; what is printed are ratios of medians.
Run it with ``python bench/routing.py [--modules 1000] [--rounds 30]``.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.names import package_name
from klods.kernel.subject import Subject
from klods.kernel.switches import LIVE
from klods.web.engine.dispatcher import Dispatcher
from klods.web.engine.edge import Surroundings
from klods.web.engine.module_app import build
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.engine.threads import share_fairly

ROUTER = """
from fastapi import APIRouter

router = APIRouter()


@router.get("/items/{item_id}")
async def read_item(item_id: int, q: str = "") -> dict[str, str | int]:
    return {"item": item_id, "q": q}


@router.get("/blocking/{item_id}")
def read_blocking(item_id: int, q: str = "") -> dict[str, str | int]:
    return {"item": item_id, "q": q}
"""

ADMIN = Subject(1, "admin")

RATIOS = (
    ("native", "bare async def", "async def of the last native module / bare FastAPI", 1.25),
    ("first module", "bare async def", "the same in the first module / bare FastAPI", None),
    ("gate", "empty route", "dispatcher, gate and edge alone / empty FastAPI route", 0.3),
    ("in threads", "bare def", "async def in the module's threads / `def` in bare FastAPI", None),
    ("def in threads", "bare def", "def in the module's threads / `def` in bare FastAPI", None),
    ("include_router", "bare", "last router of one app with include_router / bare FastAPI", None),
)

Ask = Callable[[], Awaitable[None]]
Taken = dict[str, list[float]]


def main() -> int:
    """Measure, print a table, and fail when a budget is exceeded."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--modules", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=40)
    chosen = options.parse_args()
    share_fairly()
    with tempfile.TemporaryDirectory() as folder, ModuleImporter() as importer:
        dispatcher = hub(importer, Path(folder), chosen.modules)
        return asyncio.run(_measure(dispatcher, chosen))


async def _measure(dispatcher: Dispatcher, chosen: argparse.Namespace) -> int:
    last = f"m{chosen.modules - 1}"
    small = {
        "bare async def": asking(bare(), "/items/7"),
        "first module": asking(dispatcher, "/api/v1/m0/items/7"),
        "native": asking(dispatcher, f"/api/v1/{last}/items/7"),
        "empty route": asking(empty_app(), "/"),
        "gate": asking(empty_behind_gate(), "/api/v1/empty"),
    }
    threads = {
        "bare def": asking(bare(), "/blocking/7"),
        "in threads": asking(dispatcher, "/api/v1/threaded/items/7"),
        "def in threads": asking(dispatcher, "/api/v1/threaded/blocking/7"),
    }
    # Apart from the others, because walking a thousand routers leaves nothing of them in the processor's caches.
    large = {
        "bare": asking(bare(), "/items/7"),
        "include_router": asking(included(chosen.modules), f"/api/v1/{last}/items/7"),
    }
    taken = await rounds(small, chosen.rounds, 200)
    taken |= await rounds(threads, chosen.rounds, 50)
    taken |= await rounds(large, 5, 10)
    return report(taken)


def report(taken: Taken) -> int:
    """Print the medians and the medians of the ratios of each round; 1 when one is over its budget."""
    for name, times in taken.items():
        print(f"{name:16} {statistics.median(times) * 1e6:9.1f} us")
    failed = 0
    for top, bottom, text, budget in RATIOS:
        ratio = statistics.median(a / b for a, b in zip(taken[top], taken[bottom], strict=True))
        print(f"{ratio:8.2f}  {text}{f'  (budget {budget})' if budget else ''}")
        failed |= int(budget is not None and ratio > budget)
    return failed


async def rounds(asks: Mapping[str, Ask], number: int, requests: int) -> Taken:
    """The time of one request in each round; a round asks every app in turn."""
    taken: Taken = {name: [] for name in asks}
    for turn in range(number + 1):
        for name, ask in asks.items():
            start = time.perf_counter()
            for _ in range(requests):
                await ask()
            if turn:
                taken[name].append((time.perf_counter() - start) / requests)
    return taken


def asking(app: Any, path: str) -> Ask:
    """A function that sends one request."""
    headers = [(b"host", b"hub"), (b"accept", b"*/*"), (b"authorization", b"Bearer x")]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        assert message.get("status", 200) == 200, message

    async def ask() -> None:
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"q=x",
            "root_path": "", "headers": headers, "client": ("127.0.0.1", 1), "server": ("hub", 80),
        }  # fmt: skip
        await app(scope, receive, send)

    return ask


def bare() -> FastAPI:
    """The same handlers without a host."""
    app = FastAPI()
    namespace: dict[str, Any] = {}
    exec(ROUTER, namespace)
    router: APIRouter = namespace["router"]
    app.router.routes.extend(route for route in router.routes if isinstance(route, APIRoute))
    return app


def included(number: int) -> FastAPI:
    """All modules in one app."""
    app = FastAPI()
    for position in range(number):
        namespace: dict[str, Any] = {}
        exec(ROUTER, namespace)
        app.include_router(namespace["router"], prefix=f"/api/v1/m{position}")
    return app


def empty_app() -> FastAPI:
    """The smallest route there is."""
    app = FastAPI()

    @app.get("/")
    async def empty() -> None:
        return None

    return app


def hub(importer: ModuleImporter, folder: Path, number: int) -> Dispatcher:
    """A dispatcher over so many native modules, and one that uses threads."""
    around = Surroundings(SimpleNamespace(), _admin, lambda *_: LIVE)  # type: ignore[arg-type]
    entries = {}
    for code in [f"m{position}" for position in range(number)] + ["threaded"]:
        file = folder / code / "backend" / "router.py"
        file.parent.mkdir(parents=True)
        file.write_text(ROUTER)
        definition = ModuleDefinition(code=code, name=code, native_async=code != "threaded")
        module = Module(definition, Source(code, folder / code, package_name(code)))
        importer.mount(module.source)
        entries[code] = Entry(module, "one")
        entries[code].succeed(build(module, around))
    return Dispatcher(Switchboard(Snapshot(1, entries, {1: frozenset(entries)})), _nothing)


def empty_behind_gate() -> Dispatcher:
    """Dispatcher, gate and edge before an app that does nothing but answer."""
    from klods.web.engine.edge import Edge

    around = Surroundings(SimpleNamespace(), _admin, lambda *_: LIVE)  # type: ignore[arg-type]
    module = Module(ModuleDefinition(code="empty", name="Empty"), Source("empty", Path(), "empty"))
    entry = Entry(module)
    entry.succeed(SimpleNamespace(edge=Edge(_guarded(_nothing, around), module, around)))  # type: ignore[arg-type]
    return Dispatcher(Switchboard(Snapshot(1, {"empty": entry}, {1: frozenset(["empty"])})), _nothing)


def _guarded(app: Any, around: Surroundings) -> Any:
    from klods.web.engine.gate import Admission, Guard

    return Guard(app, Admission(around.authenticate), internal=False)


async def _admin(_: Any) -> Subject:
    return ADMIN


async def _nothing(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    sys.exit(main())
