"""Keeps one process in step with the stored states: listen, act, acknowledge, for as long as the process lives."""

import logging
import socket
import threading
from collections.abc import Callable

import psycopg

from klods.db.processes import Membership

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5


class Follower:
    """A thread that calls ``act(generation)`` whenever the states have moved on, then acknowledges.

    ``heard()`` is called whenever something was said, also when the generation is the same: somebody may be refused now.
    While the database is away the process goes on with what it knows and tries to join again.
    """

    def __init__(
        self, member: Callable[[], Membership], act: Callable[[int], None], heard: Callable[[], None] = lambda: None
    ) -> None:
        self._member = member
        self._act = act
        self._heard = heard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="klods-follower", daemon=True)
        self._trouble = ""
        self.ready = threading.Event()
        """Set once the process has acted by some generation."""

    def start(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Begin following; ``on_ready`` is called once, on the follower's thread, when the first states are acted by."""
        self._on_ready = on_ready
        self._wake, self._alarm = socket.socketpair()
        self._thread.start()

    def stop(self) -> None:
        """Leave the others and end the thread."""
        self._stop.set()
        self._alarm.send(b"!")
        self._thread.join()
        self._wake.close()
        self._alarm.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001 - a process that stops following would serve old states for ever
                self._say(error)
                self._stop.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        membership = self._member()
        try:
            membership.join()
            done = -1
            while not self._stop.is_set():
                if (wanted := membership.generation()) != done:
                    self._act(wanted)
                    membership.acknowledge(wanted)
                    done = wanted
                    self._tell_ready()
                    self._say_well()
                elif membership.wait(self._wake):
                    self._heard()
        finally:
            membership.leave()

    def _tell_ready(self) -> None:
        if not self.ready.is_set():
            self.ready.set()
            self._on_ready()

    def _say(self, error: Exception) -> None:
        """Log what is wrong when it begins, not at every try."""
        said = repr(error)
        if said == self._trouble:
            return
        self._trouble = said
        if isinstance(error, psycopg.Error):
            log.warning("lost the database while following the states: %s", str(error).strip())
        else:
            log.error("could not follow the states; trying again", exc_info=error)

    def _say_well(self) -> None:
        if self._trouble:
            log.info("following the states again")
            self._trouble = ""
