"""Modules are loaded in the background, and one that cannot be loaded hurts nobody else."""

import asyncio
import threading

import pytest
from support.engine import Request, ask, serving, write_module
from support.waiting import HANGS_AFTER_SECONDS, sooner_than, until

from klods.web.engine.loading import Loader
from klods.web.engine.module_app import build
from klods.web.engine.snapshot import Entry, Snapshot, Standing

GOOD = """
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/x")
    async def here() -> str:
        return "here"
"""


class Place:
    """A hub whose modules a loader brings in, once it may."""

    def __init__(self, tmp_path, seconds=HANGS_AFTER_SECONDS, loading_seconds=HANGS_AFTER_SECONDS):
        self.order: list[str] = []
        self.may_build = threading.Event()
        self.may_build.set()
        self.tmp_path = tmp_path
        self.loader = Loader(self.build, seconds=seconds)
        self.serving = serving(loader=self.loader, loading_seconds=loading_seconds)

    def __enter__(self):
        self.hub = self.serving.__enter__()
        return self

    def __exit__(self, *error):
        self.may_build.set()
        self.loader.stop()
        self.serving.__exit__(*error)

    def build(self, module):
        self.order.append(module.code)
        self.may_build.wait(2 * HANGS_AFTER_SECONDS)
        return build(module, self.hub.around)

    def put(self, **modules: str | tuple[str, dict]):
        entries = {}
        for code, given in modules.items():
            text, fields = given if isinstance(given, tuple) else (given, {})
            module = write_module(self.tmp_path, code, {"backend/router.py": text}, **fields)
            self.hub.mount(module.source)
            entries[code] = Entry(module, "one")
        snapshot = Snapshot(1, entries, {1: frozenset(entries)})
        self.hub.switchboard.swap(snapshot)
        self.loader.load(snapshot)
        return entries


def test_a_module_comes_after_those_it_requires(tmp_path):
    with Place(tmp_path) as place:
        entries = place.put(a=(GOOD, {"requires": ("c",)}), b=GOOD, c=(GOOD, {"requires": ("d",)}), d=GOOD)
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        assert {entry.state for entry in entries.values()} == {Standing.READY}
    assert place.order.index("d") < place.order.index("c") < place.order.index("a")


def test_what_somebody_waits_for_is_loaded_first_with_what_it_requires(tmp_path):
    async def journey():
        waiting = asyncio.create_task(ask(place.hub.app, Request(path="/api/v1/wanted/x")))
        await asyncio.sleep(0)
        place.may_build.set()
        return (await waiting).json

    with Place(tmp_path) as place:
        codes = {f"m{number}": GOOD for number in range(6)}
        place.put(**codes, wanted=(GOOD, {"requires": ("m5",)}))
        place.may_build.clear()
        place.loader.start()
        until(lambda: place.order)
        assert asyncio.run(journey()) == "here"
        assert place.order[1:3] == ["m5", "wanted"]


def test_a_module_that_loads_too_long_for_a_caller_is_503_with_a_time_to_come_back(tmp_path):
    with Place(tmp_path, loading_seconds=0.1) as place:
        entries = place.put(crm=GOOD)
        place.may_build.clear()
        place.loader.start()
        answer = place.hub.ask("GET", "/api/v1/crm/x")
        assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "module_loading", "2")
        place.may_build.set()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        assert place.hub.ask("GET", "/api/v1/crm/x").status == 200


def test_a_module_switched_off_while_somebody_waits_for_it_is_404(tmp_path):
    async def journey():
        waiting = asyncio.create_task(ask(place.hub.app, Request(path="/api/v1/crm/x")))
        await asyncio.sleep(0)
        place.hub.switch()
        place.may_build.set()
        return (await waiting).status

    with Place(tmp_path) as place:
        place.put(crm=GOOD)
        place.may_build.clear()
        place.loader.start()
        assert asyncio.run(journey()) == 404


BAD = {
    "syntax": ("def broken(:\n", "backend/router.py", 1),
    "missing": ("x = 1\nimport nowhere_to_be_found\n", "backend/router.py", 2),
    "exits": ("import sys\nsys.exit(3)\n", "backend/router.py", 2),
    "interrupts": ("\n\nraise KeyboardInterrupt\n", "backend/router.py", 3),
    "raises": ("def deep():\n    return 1 / 0\ndeep()\n", "backend/router.py", 2),
    "nameless": ("x = 1\n", "backend/router.py", 1),
}


@pytest.mark.parametrize("code", BAD)
def test_a_module_that_fails_names_file_and_line_and_the_others_work(tmp_path, code):
    text, file, line = BAD[code]
    with Place(tmp_path) as place:
        entries = place.put(good=GOOD, **{code: text})
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        entry = entries[code]
        assert entry.state is Standing.FAILED
        assert (entry.problem.file, entry.problem.line) == (file, line)
        answer = place.hub.ask("GET", f"/api/v1/{code}/x")
        assert (answer.status, answer.error) == (503, "module_failed")
        assert answer.json["data"]["incident"] == entry.incident
        assert "router.py" not in answer.body.decode()
        assert place.hub.ask("GET", f"/api/v1/{code}/health").json["status"] == "unhealthy"
        assert place.hub.ask("GET", "/api/v1/good/x").json == "here"


def test_a_handler_that_fastapi_refuses_is_named_with_its_line(tmp_path):
    text = GOOD + """
    class Odd:
        pass

    @router.get("/y")
    def bad(x: Odd) -> str:
        return ""
    """  # fmt: skip
    with Place(tmp_path) as place:
        entries = place.put(crm=text)
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        assert entries["crm"].problem.file == "backend/router.py"
        assert entries["crm"].problem.line > 8


def test_an_import_that_takes_too_long_fails_and_the_next_module_is_loaded(tmp_path):
    with Place(tmp_path, seconds=0.1) as place:
        slow = place.put(slow="import time\ntime.sleep(2)\n")["slow"]
        place.loader.start()
        assert place.loader.wait([slow], HANGS_AFTER_SECONDS)
        assert slow.state is Standing.FAILED
        assert "did not end" in slow.problem.message
        place.loader._seconds = HANGS_AFTER_SECONDS
        good = place.put(good=GOOD)["good"]
        assert place.loader.wait([good], HANGS_AFTER_SECONDS)
        assert good.state is Standing.READY


LIFE = """
    import threading
    from contextlib import asynccontextmanager

    from fastapi import APIRouter, Request

    life = []

    @asynccontextmanager
    async def lifespan(app):
        life.append(threading.current_thread().name)
        yield {"greeting": "hello"}
        life.append(threading.current_thread().name)

    router = APIRouter(lifespan=lifespan)

    @router.get("/x")
    async def here(request: Request) -> str:
        return request.state.greeting
"""


@pytest.mark.parametrize("native", [False, True])
def test_lifespans_are_entered_on_load_and_left_afterwards_where_the_module_runs(tmp_path, native):
    async def journey():
        place.loader.start(asyncio.get_running_loop())
        assert await asyncio.to_thread(place.loader.wait, entries.values(), HANGS_AFTER_SECONDS)
        answer = await ask(place.hub.app, Request(path="/api/v1/crm/x"))
        await asyncio.to_thread(place.loader.unload, entries["crm"])
        return answer.json

    with Place(tmp_path) as place:
        entries = place.put(crm=(LIFE, {"native_async": native}))
        assert asyncio.run(journey()) == "hello"
        router = entries["crm"].app.routers[0]
        life = router.routes[0].endpoint.__globals__["life"]
    assert life == [threading.current_thread().name if native else "klods-crm-1"] * 2


def with_hook(place, code, body):
    write_module(place.tmp_path, code, {"definition.py": f"def on_startup():\n    {body}\n"})
    return {code: GOOD}


def test_a_startup_hook_that_fails_fails_that_module_only(tmp_path):
    with Place(tmp_path) as place:
        entries = place.put(**with_hook(place, "fails", "raise LookupError('no')"), good=GOOD)
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        assert [entries[code].state for code in ("fails", "good")] == ["failed", "ready"]
        assert (entries["fails"].problem.file, entries["fails"].problem.line) == ("definition.py", 2)


def test_a_startup_hook_that_takes_too_long_fails_its_module(tmp_path):
    with Place(tmp_path, seconds=0.1) as place:
        entries = place.put(**with_hook(place, "hangs", "import time; time.sleep(2)"))
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        assert "did not end" in entries["hangs"].problem.message


def test_a_module_replaced_while_it_loads_is_ended_when_it_comes(tmp_path):
    with Place(tmp_path) as place:
        entries = place.put(crm=LIFE)
        place.may_build.clear()
        place.loader.start()
        until(lambda: place.order)
        place.loader.unload(entries["crm"])
        place.may_build.set()
        until(lambda: not any(thread.name == "klods-load-crm" for thread in threading.enumerate()))
        assert entries["crm"].state is Standing.FAILED
        until(lambda: not any(thread.name.startswith("klods-crm-") for thread in threading.enumerate()))


def test_what_failed_is_tried_again_when_the_states_change(tmp_path):
    with Place(tmp_path) as place:
        entries = place.put(crm="raise LookupError\n")
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        module = write_module(tmp_path, "crm", {"backend/router.py": GOOD})
        snapshot = place.hub.switchboard.current.successor(2, [(module, "one")], {1: frozenset(["crm"])})
        place.hub.switchboard.swap(snapshot)
        place.loader.load(snapshot)
        assert place.hub.ask("GET", "/api/v1/crm/x").json == "here"


def threads_of(code):
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"klods-{code}-")]


def test_a_module_that_fails_while_it_starts_leaves_no_threads_behind(tmp_path):
    with Place(tmp_path) as place:
        entries = place.put(**with_hook(place, "fails", "raise LookupError('no')"))
        place.loader.start()
        assert place.loader.wait(entries.values(), HANGS_AFTER_SECONDS)
        assert not [thread for thread in threads_of("fails") if thread.join(HANGS_AFTER_SECONDS) or thread.is_alive()]


def test_stopping_waits_for_no_module_that_takes_its_time_to_load(tmp_path):
    with Place(tmp_path) as place:
        place.put(slow=GOOD)
        place.may_build.clear()
        place.loader.start()
        until(lambda: place.order == ["slow"])
        with sooner_than(HANGS_AFTER_SECONDS):
            place.loader.stop()
