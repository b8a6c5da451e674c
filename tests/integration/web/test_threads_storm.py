"""Many requests at once, many of them cancelled: no thread and no count is lost."""

import asyncio
import random

from support.engine import Request, ask, serving, write_module
from support.waiting import HANGS_AFTER_SECONDS

ROUTER = """
    import asyncio
    import time

    from fastapi import APIRouter, BackgroundTasks, Depends
    from fastapi.responses import StreamingResponse

    router = APIRouter()

    async def kept():
        await asyncio.sleep(0.001)
        yield 1
        await asyncio.sleep(0.001)

    @router.get("/0")
    def blocking() -> None:
        time.sleep(0.002)

    @router.get("/1")
    async def waiting() -> None:
        await asyncio.sleep(0.005)

    @router.get("/2")
    async def staying(tasks: BackgroundTasks, one: int = Depends(kept)) -> None:
        tasks.add_task(time.sleep, 0.001)

    @router.get("/3")
    def streaming(one: int = Depends(kept)) -> StreamingResponse:
        return StreamingResponse(iter("abc"))
"""


def test_nothing_is_lost_in_a_storm_of_cancelled_requests(tmp_path):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)

    async def knock(app):
        task = asyncio.create_task(ask(app, Request(path=f"/api/v1/crm/{chance.randrange(4)}")))
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * 0.02)
            task.cancel()
        await asyncio.wait((task,))
        return task.cancelled() or task.result().status == 200

    async def journey(hub):
        results = await asyncio.gather(*(knock(hub.app) for _ in range(400)))
        assert all(results), f"seed {seed}"
        async with asyncio.timeout(HANGS_AFTER_SECONDS):
            while len(hub.threads("crm")._idle) < len(hub.threads("crm")):  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0.01)

    with serving(worker_threads=3) as hub:
        entry = hub.add(write_module(tmp_path, "crm", {"backend/router.py": ROUTER}))
        asyncio.run(journey(hub))
        assert len(hub.threads("crm")) <= 3
        assert +entry.in_flight == {}
        assert entry.open_ended == set()
