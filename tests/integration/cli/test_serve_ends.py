"""`klods serve` as a real process, told to stop: promptly, in good order, with an answer for everybody."""

import signal
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.served import Hub
from support.waiting import HANGS_AFTER_SECONDS, until

ROUTER = """
import asyncio, os, time
from pathlib import Path

from fastapi import APIRouter, WebSocket
from fastapi.responses import StreamingResponse
from klods import public

router = APIRouter()

@router.get("/nap/{name}")
@public
def nap(name: str) -> str:
    begun, may_end = (Path(os.environ["KLODS_HOME"], f"{name}.{what}") for what in ("begun", "may_end"))
    begun.touch()
    while not may_end.exists():
        time.sleep(0.01)
    return "rested"

@router.get("/events")
@public
async def events() -> StreamingResponse:
    async def tick():
        while True:
            yield "data: tick\\n\\n"
            await asyncio.sleep(0.1)
    return StreamingResponse(tick(), media_type="text/event-stream")
"""


@pytest.fixture
def hub(host_database: str, tmp_path: Path) -> Hub:
    backend = tmp_path / "modules" / "slow" / "backend"
    backend.mkdir(parents=True)
    (backend.parent / "module.json").write_text('{"code": "slow", "name": "Slow", "version": "1.0.0"}')
    (backend / "__init__.py").touch()
    (backend / "router.py").write_text(ROUTER)
    hub = Hub(tmp_path, host_database)
    hub.klods("module", "enable", "slow")
    return hub


@contextmanager
def asking(hub: Hub, path: str):
    connection = HTTPConnection(urlsplit(hub.address).netloc, timeout=HANGS_AFTER_SECONDS)
    connection.request("GET", f"/api/v1/slow{path}")
    yield connection
    connection.close()


def napping(hub: Hub, name: str) -> bool:
    return (hub.folder / "home" / f"{name}.begun").exists()


def wake(hub: Hub, name: str) -> None:
    (hub.folder / "home" / f"{name}.may_end").touch()


def log(hub: Hub) -> str:
    return (hub.folder / "server.log").read_text()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_and_kept_connections_hold_nothing_up(hub, workers, number):
    hub.extra["KLODS_DRAIN_SECONDS"] = str(2 * HANGS_AFTER_SECONDS)
    wake(hub, "idle")
    with (
        hub.served("--workers", workers) as process,
        asking(hub, "/nap/idle") as idle,
        asking(hub, "/events") as stream,
    ):
        assert idle.getresponse().read() == b'"rested"'
        events = stream.getresponse()
        assert events.read(4) == b"data"
        process.send_signal(number)
        assert process.wait(HANGS_AFTER_SECONDS) == 0
        assert events.read().endswith(b"tick\n\n"), "the stream is ended and not torn"
    assert "Traceback" not in log(hub)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_runs_is_answered_and_what_takes_too_long_is_503(hub, workers):
    hub.extra["KLODS_DRAIN_SECONDS"] = "5"
    with (
        hub.served("--workers", workers) as process,
        asking(hub, "/nap/short") as short,
        asking(hub, "/nap/long") as long,
    ):
        until(lambda: napping(hub, "short") and napping(hub, "long"))
        process.send_signal(signal.SIGTERM)
        wake(hub, "short")
        assert short.getresponse().read() == b'"rested"'
        refused = long.getresponse()
        assert (refused.status, refused.getheader("retry-after")) == (503, "2")
        assert process.wait(HANGS_AFTER_SECONDS) == 0
    assert "Traceback" not in log(hub)
    assert "GET /api/v1/slow/nap/long was cut short" in log(hub)


def test_the_embedded_server_ends_with_the_hub(tmp_path):
    tmp_path.chmod(0o755)
    hub = Hub(tmp_path)
    with hub.served() as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANGS_AFTER_SECONDS) == 0
    assert hub.klods("db", "status")["running"] is False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_hub_that_cannot_be_opened_ends_the_server_with_a_word(tmp_path, workers):
    hub = Hub(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    code = f"""if __name__ == "__main__":
        from klods.cli import serving
        raise SystemExit(serving.run(serving.listen("127.0.0.1", 0), {workers}, 1))"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=hub.environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "The database cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
