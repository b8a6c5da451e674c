"""Runs the web processes of a hub: one socket, one or more uvicorn workers, none that outlives its parent."""

import asyncio
import os
import signal
import socket
import threading
import warnings
from contextlib import nullcontext, suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from klods.cli.logs import set_up_logging

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from klods.bootstrap import Klods

FACTORY = "klods.cli.serving:application"
PARENT = "KLODS_PARENT_PROCESS"
"""The process id whose end ends a worker; set by `run` for the workers it starts."""

ADDRESS = "KLODS_ADDRESS"

WATCH_SECONDS = 0.5
WAITING_CALLERS = 2048


def application(opened: "Klods | None" = None) -> "ASGIApp":
    """The application of one web process, on a hub of its own unless one is given; uvicorn calls this on its event loop."""
    from pydantic.warnings import UnsupportedFieldAttributeWarning

    from klods.bootstrap import ServedHub, build
    from klods.settings import Settings
    from klods.web.engine.threads import share_fairly

    set_up_logging()
    # FastAPI hides this warning around each route it makes, but not from routes that another thread makes meanwhile.
    warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
    share_fairly()
    follow_parent()
    hub = ServedHub(nullcontext(opened) if opened else build(Settings()))
    when_told_to_stop(hub.stop_soon)
    return hub


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound and inheritable; port 0 takes a free one."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.set_inheritable(True)
    try:
        bound.bind((host, port))
        # From now on whoever calls waits in the queue until a worker is there.
        bound.listen(WAITING_CALLERS)
    except OSError as error:
        bound.close()
        advice = "Choose another port with --port; 0 takes a free one."
        raise click.ClickException(f"Nothing can listen on {host}:{port}: {error.strerror}. {advice}") from error
    return bound


def known_as(address: str) -> str:
    """Let every process know where people reach the hub: where the settings say, or else at this address."""
    from klods.settings import Settings

    os.environ[ADDRESS] = known = Settings().address or address
    return known


def serve_hub(bound: socket.socket, workers: int, prepare: "Callable[[Klods], None]") -> int:
    """Open the hub, prepare it and serve it until told to stop; returns the exit code.

    One worker serves the hub as it was opened; several open it each for themselves, and this process only stays among
    the users of the database. SIGTERM ends it as Ctrl-C does: everything is closed.
    """
    from klods.bootstrap import build, database
    from klods.settings import Settings

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings()
    with database(settings):
        with build(settings) as klods:
            prepare(klods)
            if workers == 1:
                return run(bound, workers, settings.drain_seconds, klods)
        return run(bound, workers, settings.drain_seconds)


def run(bound: socket.socket, workers: int, drain_seconds: float, opened: "Klods | None" = None) -> int:
    """Serve on the socket until told to stop; 1 when the application could not be started."""
    set_up_logging()
    config = uvicorn.Config(
        partial(application, opened) if opened else FACTORY,
        factory=True,
        workers=workers,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=drain_seconds,  # type: ignore[arg-type]
    )
    return _run_alone(config, bound) if workers == 1 else _run_workers(config, bound)


def _run_alone(config: uvicorn.Config, bound: socket.socket) -> int:
    server = uvicorn.Server(config)
    # Once it has ended, uvicorn raises the signal again that ended it; and its exit codes are not ours.
    with suppress(KeyboardInterrupt, SystemExit):
        server.run(sockets=[bound])
    return 0 if server.started else 1


def _run_workers(config: uvicorn.Config, bound: socket.socket) -> int:
    from uvicorn.supervisors import Multiprocess

    os.environ[PARENT] = str(os.getpid())
    supervisor = Multiprocess(config, sockets=[bound])
    supervisor.run()
    return int(any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes))


def when_told_to_stop(react: "Callable[[], None]") -> None:
    """Call ``react`` on this event loop as soon as a signal tells its server to stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        told = signal.getsignal(number)

        def tell_both(number: int, frame: FrameType | None, told: object = told) -> None:
            loop.call_soon_threadsafe(react)
            if callable(told):
                told(number, frame)

        signal.signal(number, tell_both)


def follow_parent() -> None:
    """End this worker in good order when the process that started it is gone, however it went."""
    parent = int(os.environ.get(PARENT, "0"))
    if parent and parent != os.getpid():
        threading.Thread(target=_watch, args=(parent,), name="klods-parent", daemon=True).start()


def _watch(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
