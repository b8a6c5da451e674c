"""Where the pieces of a module's requests run, and what happens when they do not behave."""

import asyncio
import queue
import threading
from contextvars import ContextVar
from pathlib import Path

import pytest
from support.engine import Request, ask, serving, write_module
from support.waiting import HANGS_AFTER_SECONDS, soon

from klods.web.engine.threads import WorkerThreads

IDLE_SECONDS = 0.1

HEAD = """
    from __future__ import annotations

    import asyncio
    import threading
    import time
    from contextlib import asynccontextmanager
    from typing import Annotated

    from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Security
    from fastapi.responses import StreamingResponse
    from fastapi.security import HTTPBearer

    router = APIRouter()
    seen: list = []
    begun, go_on = threading.Semaphore(0), threading.Event()

    def here() -> str:
        return threading.current_thread().name
"""


@pytest.fixture
def hub():
    with serving(worker_threads=2) as hub:
        yield hub


@pytest.fixture
def threads():
    threads = WorkerThreads("test", limit=2, idle_seconds=IDLE_SECONDS)
    yield threads
    threads.close(2)


def module(tmp_path: Path, text: str, code: str = "crm", **fields):
    return write_module(tmp_path, code, {"backend/router.py": HEAD + text}, **fields)


def test_handlers_and_dependencies_of_a_request_share_one_thread_and_one_loop(hub, tmp_path):
    hub.add(module(tmp_path, """
    def plain() -> str:
        return here()

    async def waiting() -> object:
        await asyncio.sleep(0)
        seen.append(asyncio.get_running_loop())
        return here()

    class ByClass:
        def __init__(self, nested: Annotated[str, Depends(plain)]) -> None:
            self.nested, self.own = nested, here()

    def kept():
        yield here()

    async def kept_too():
        yield here()

    routes = APIRouter(dependencies=[Depends(lambda: seen.append(here()))])

    @routes.get("/all")
    async def everything(
        a: Annotated[str, Depends(plain)], b: Annotated[str, Depends(waiting)], c: Annotated[ByClass, Depends()],
        d: Annotated[str, Depends(kept)], e: str = Depends(kept_too),
    ) -> list[str]:
        assert seen[-1] is asyncio.get_running_loop()
        return [a, b, c.nested, c.own, d, e, here(), seen[0]]

    @routes.get("/plain")
    def plain_handler() -> str:
        return here()

    router.include_router(routes, prefix="/nested")
    """))  # fmt: skip
    answer = hub.ask("GET", "/api/v1/crm/nested/all")
    assert answer.status == 200
    assert len(set(answer.json)) == 1
    assert answer.json[0].startswith("klods-crm-")
    assert hub.ask("GET", "/api/v1/crm/nested/plain").json == answer.json[0]


def test_a_native_module_keeps_coroutines_on_the_hosts_loop_and_plain_functions_in_its_threads(hub, tmp_path):
    hub.add(module(tmp_path, """
    def plain() -> str:
        return here()

    async def waiting() -> str:
        return here()

    @router.get("/native")
    async def native(a: str = Depends(plain), b: str = Depends(waiting)) -> list[str]:
        return [a, b, here()]

    @router.get("/plain")
    def plain_handler() -> str:
        return here()
    """, native_async=True))  # fmt: skip
    host = threading.current_thread().name
    assert hub.ask("GET", "/api/v1/crm/native").json == ["klods-crm-1", host, host]
    assert hub.ask("GET", "/api/v1/crm/plain").json == "klods-crm-1"


def test_a_blocking_handler_stops_neither_the_loop_nor_another_module(hub, tmp_path):
    hub.add(module(tmp_path, """
    @router.get("/slow")
    async def slow() -> int:
        begun.release()
        go_on.wait(60)
        return 1
    """))  # fmt: skip
    hub.add(module(tmp_path, """
    @router.get("/quick")
    async def quick() -> int:
        return 2
    """, code="other"))  # fmt: skip

    async def journey():
        slow = [asyncio.create_task(ask(hub.app, Request(path="/api/v1/crm/slow"))) for _ in range(3)]
        for _ in range(2):
            await soon(lambda: hub.code("crm").begun.acquire(blocking=False))
        assert (await ask(hub.app, Request(path="/api/v1/other/quick"))).json == 2
        assert not any(task.done() for task in slow)
        hub.code("crm").go_on.set()
        return [answer.json for answer in await asyncio.gather(*slow)]

    assert asyncio.run(journey()) == [1, 1, 1]


def test_a_module_has_no_more_threads_than_allowed_and_callers_wait_in_order(threads):
    begun, may_end, names = queue.Queue(), [threading.Event() for _ in range(6)], set()

    async def work(number):
        names.add(threading.current_thread().name)
        begun.put(number)
        may_end[number].wait(HANGS_AFTER_SECONDS)

    async def journey():
        tasks = [asyncio.create_task(threads.run(lambda n=n: work(n))) for n in range(6)]
        assert {await asyncio.to_thread(begun.get, timeout=HANGS_AFTER_SECONDS) for _ in range(2)} == {0, 1}
        for number in range(4):
            assert begun.empty()
            may_end[number].set()
            assert await asyncio.to_thread(begun.get, timeout=HANGS_AFTER_SECONDS) == number + 2
        may_end[4].set()
        may_end[5].set()
        await asyncio.gather(*tasks)

    asyncio.run(journey())
    assert len(names) == 2


def test_idle_threads_retire_but_not_while_a_task_is_left_on_their_loop(threads):
    async def leave_a_task():
        async def later():
            await asyncio.to_thread(may_end.wait, HANGS_AFTER_SECONDS)

        threads.kept = asyncio.create_task(later())

    async def journey():
        await threads.run(leave_a_task)
        await asyncio.sleep(IDLE_SECONDS * 4)
        assert len(threads) == 1
        may_end.set()
        await soon(lambda: not len(threads))

    may_end = threading.Event()
    asyncio.run(journey())
    assert threads.kept.done()


def test_context_results_and_errors_cross_the_threads(threads):
    who = ContextVar("who", default="nobody")

    async def tell():
        return who.get()

    async def fail():
        raise LookupError("gone")

    async def journey():
        who.set("ada")
        assert await threads.run(tell) == "ada"
        with pytest.raises(LookupError, match="gone"):
            await threads.run(fail)

    asyncio.run(journey())


def test_cancelling_the_caller_cancels_the_coroutine_and_frees_its_thread(threads):
    begun, ended = threading.Semaphore(0), []

    async def forever():
        try:
            begun.release()
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def one():
        return 1

    async def journey():
        tasks = [asyncio.create_task(threads.run(forever)) for _ in range(2)]
        for _ in tasks:
            await soon(lambda: begun.acquire(blocking=False))
        waiting = asyncio.create_task(threads.run(one))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        for task in tasks:
            task.cancel()
        assert await asyncio.wait_for(waiting, HANGS_AFTER_SECONDS) == 1
        await soon(lambda: len(ended) == 2)

    asyncio.run(journey())


def test_a_caller_that_gives_up_waiting_takes_no_thread_with_it(threads):
    begun, go_on = threading.Semaphore(0), threading.Event()

    async def work():
        begun.release()
        go_on.wait(HANGS_AFTER_SECONDS)

    async def journey():
        busy = [asyncio.create_task(threads.run(work)) for _ in range(2)]
        for _ in busy:
            await soon(lambda: begun.acquire(blocking=False))
        impatient = asyncio.create_task(threads.run(work))
        await soon(lambda: threads._waiting)
        impatient.cancel()
        go_on.set()
        await asyncio.gather(*busy)
        await asyncio.wait_for(asyncio.gather(*(threads.run(work) for _ in range(4))), HANGS_AFTER_SECONDS)

    asyncio.run(journey())
    assert len(threads) <= 2


@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_ending_the_process_from_a_worker_fails_that_call_only(threads, end):
    async def leave():
        raise end

    async def leave_behind_a_task_that_leaves():
        async def later():
            raise end

        threads.kept = asyncio.create_task(later())

    async def one():
        return 1

    async def journey():
        with pytest.raises(RuntimeError, match="tried to end the process"):
            await threads.run(leave)
        await threads.run(leave_behind_a_task_that_leaves)
        await soon(threads.kept.done)
        assert await threads.run(one) == 1

    asyncio.run(journey())
    assert isinstance(threads.kept.exception(), end)


def test_tasks_of_a_handler_go_on_after_the_answer(hub, tmp_path):
    hub.add(module(tmp_path, """
    @router.post("/start")
    async def start() -> None:
        async def later() -> None:
            await asyncio.to_thread(go_on.wait, 60)
            seen.append(here())
            begun.release()
        seen.append(asyncio.create_task(later()))
    """))  # fmt: skip
    assert hub.ask("POST", "/api/v1/crm/start").status == 200
    crm = hub.code("crm")
    crm.go_on.set()
    assert crm.begun.acquire(timeout=HANGS_AFTER_SECONDS)
    assert crm.seen[-1] == "klods-crm-1"


def test_a_dependency_sees_the_error_of_its_handler_and_may_turn_it_into_an_answer(hub, tmp_path):
    hub.add(module(tmp_path, """
    def translating():
        try:
            yield here()
        except KeyError as error:
            seen.append(here())
            raise HTTPException(409, f"no {error.args[0]}")

    async def watching():
        try:
            yield here()
        finally:
            seen.append(here())

    @router.get("/boom")
    async def boom(a: str = Depends(translating), b: str = Depends(watching)) -> None:
        raise KeyError("card")

    @router.get("/seen")
    def look() -> list[str]:
        return seen
    """))  # fmt: skip
    answer = hub.ask("GET", "/api/v1/crm/boom")
    assert (answer.status, answer.json["message"]) == (409, "no card")
    assert hub.ask("GET", "/api/v1/crm/seen").json == ["klods-crm-1"] * 2


def test_a_dependency_that_swallows_the_error_is_a_500_and_not_silence(hub, tmp_path):
    hub.add(module(tmp_path, """
    async def swallowing():
        try:
            yield 1
        except Exception:
            pass

    @router.get("/boom")
    async def boom(a: int = Depends(swallowing)) -> None:
        raise KeyError("card")
    """))  # fmt: skip
    assert hub.ask("GET", "/api/v1/crm/boom").status == 500


def test_background_tasks_and_blocking_streams_run_in_the_modules_threads(hub, tmp_path):
    hub.add(module(tmp_path, """
    def note() -> None:
        seen.append(here())

    async def note_too() -> None:
        seen.append(here())

    def until_the_end():
        yield 1
        seen.append("left")

    @router.get("/tasks")
    async def tasks(tasks: BackgroundTasks, one: int = Depends(until_the_end)) -> int:
        tasks.add_task(note)
        tasks.add_task(note_too)
        return one

    @router.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse((f"{here()} " for _ in range(2)))

    @router.get("/lines")
    def lines(one: int = Depends(until_the_end)):
        yield {"at": here()}

    @router.get("/native")
    async def native():
        yield {"at": here()}

    @router.get("/seen")
    def look() -> list[str]:
        return seen
    """))  # fmt: skip
    assert hub.ask("GET", "/api/v1/crm/tasks").json == 1
    assert hub.ask("GET", "/api/v1/crm/seen").json == ["klods-crm-1", "klods-crm-1", "left"]
    assert hub.ask("GET", "/api/v1/crm/stream").body == b"klods-crm-1 klods-crm-1 "
    assert hub.ask("GET", "/api/v1/crm/lines").json == {"at": "klods-crm-1"}
    assert hub.ask("GET", "/api/v1/crm/native").json == {"at": threading.current_thread().name}


def test_security_schemes_keep_their_types_and_run(hub, tmp_path):
    hub.add(module(tmp_path, """
    bearer = HTTPBearer()

    @router.get("/secret")
    async def secret(given=Security(bearer)) -> str:
        return given.credentials
    """))  # fmt: skip
    answer = hub.ask("GET", "/api/v1/crm/secret", headers={"authorization": "Bearer abc"})
    assert answer.json == "abc"


def test_a_plain_function_may_run_a_loop_of_its_own(hub, tmp_path):
    hub.add(module(tmp_path, """
    async def three() -> int:
        await asyncio.sleep(0)
        return 3

    def kept():
        yield asyncio.run(three())
        seen.append(asyncio.run(three()))

    @router.get("/three")
    def handler(tasks: BackgroundTasks, one: int = Depends(kept)) -> list[int]:
        tasks.add_task(lambda: seen.append(asyncio.run(three())))
        return [one, asyncio.run(three())]

    @router.get("/seen")
    def look() -> list[int]:
        return seen
    """))  # fmt: skip
    assert hub.ask("GET", "/api/v1/crm/three").json == [3, 3]
    assert hub.ask("GET", "/api/v1/crm/seen").json == [3, 3]


def test_one_dependency_used_twice_runs_once(hub, tmp_path):
    hub.add(module(tmp_path, """
    def counted() -> int:
        seen.append(1)
        return len(seen)

    def second(one: int = Depends(counted)) -> int:
        return one

    @router.get("/twice")
    async def twice(a: int = Depends(counted), b: int = Depends(second)) -> list[int]:
        return [a, b]
    """))  # fmt: skip
    assert hub.ask("GET", "/api/v1/crm/twice").json == [1, 1]


def test_waiting_for_a_slow_upload_takes_no_thread(hub, tmp_path):
    hub.add(module(tmp_path, """
    from fastapi import Body

    @router.post("/items")
    async def items(item: dict = Body()) -> dict:
        return item
    """))  # fmt: skip

    async def journey():
        scope = Request("POST", "/api/v1/crm/items", headers={"content-type": "application/json"}).scope()
        never = asyncio.Event()
        task = asyncio.create_task(hub.app(scope, never.wait, None))
        await asyncio.sleep(0.05)
        assert len(hub.threads("crm")) == 0
        task.cancel()

    asyncio.run(journey())
