"""Runs the web processes of a hub: one socket, one or more uvicorn workers, none that outlives its parent."""

import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from klods.bootstrap import Klods

FACTORY = "klods.cli.serving:application"
WATCH_SECONDS = 0.5
DRAIN_SECONDS = 10


def application() -> "ASGIApp":
    """The application of one web process; uvicorn calls this in every worker."""
    from klods.bootstrap import serving
    from klods.settings import Settings
    from klods.web.engine.threads import share_fairly

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    share_fairly()
    follow_parent()
    return serving(Settings())


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound and inheritable; port 0 takes a free one."""
    config = uvicorn.Config(FACTORY, host=host, port=port, log_level="warning")
    bound = config.bind_socket()
    # From now on whoever calls waits in the queue until a worker is there.
    bound.listen(config.backlog)
    return bound


def serve_hub(bound: socket.socket, workers: int, prepare: "Callable[[Klods], None]") -> None:
    """Open the hub once to prepare it, then serve it; this process stays among the users of the database."""
    from klods.bootstrap import build, database
    from klods.settings import Settings

    settings = Settings()
    with database(settings):
        with build(settings) as klods:
            prepare(klods)
        run(bound, workers)


def run(bound: socket.socket, workers: int) -> None:
    """Serve on the socket until told to stop."""
    config = uvicorn.Config(
        FACTORY,
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    if workers == 1:
        uvicorn.Server(config).run(sockets=[bound])
        return
    from uvicorn.supervisors import Multiprocess

    os.environ[PARENT] = str(os.getpid())
    Multiprocess(config, sockets=[bound]).run()


PARENT = "KLODS_PARENT_PROCESS"
"""The process id whose end ends a worker; set by `run` for the workers it starts."""


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
