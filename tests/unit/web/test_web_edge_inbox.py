"""Whoever reads a request first makes its inbox, on whatever thread, and it stays the only one."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from klods.web.engine import edge
from klods.web.engine.edge import Exchange


async def nothing(*_):
    return {"type": "http.disconnect"}


async def exchange():
    around = SimpleNamespace(switches=lambda *_: None)
    stand_in = SimpleNamespace(around=around, module=SimpleNamespace(code="shop"), making=threading.Lock())
    return Exchange(stand_in, {"type": "http"}, nothing, nothing)


def test_two_threads_that_read_at_once_share_one_inbox(monkeypatch):
    def slowly(*given):
        time.sleep(0.05)
        return object()

    monkeypatch.setattr(edge, "Inbox", slowly)
    made = asyncio.run(exchange())
    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(lambda _: made._make_inbox(), range(4)))) == 1


def test_a_request_that_nobody_reads_has_no_inbox(monkeypatch):
    monkeypatch.setattr(edge, "Inbox", None)
    made = asyncio.run(exchange())
    made.close()
    assert made._inbox is None
