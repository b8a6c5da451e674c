"""Loads modules in the background, each in a thread of its own: the ones somebody waits for first."""

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Iterable
from time import monotonic

from klods.errors import KlodsError, PartFailed
from klods.kernel import graph
from klods.kernel.catalog import Module
from klods.kernel.faults import place, sentence
from klods.kernel.problems import Problem
from klods.web.engine.module_app import LIFETIME_SECONDS, ModuleApp
from klods.web.engine.snapshot import Entry, Loaded, Snapshot, Standing

log = logging.getLogger(__name__)

LOAD_SECONDS = 60.0

Build = Callable[[Module], ModuleApp]


class Loader:
    """The background loader of one process.

    A module that takes longer than ``seconds`` has failed; its thread is left behind and the next one is loaded.
    """

    def __init__(self, build: Build, *, seconds: float = LOAD_SECONDS) -> None:
        self._build = build
        self._seconds = seconds
        self._host: asyncio.AbstractEventLoop | None = None
        self._queue: list[Entry] = []
        self._current: Entry | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="klods-loader", daemon=True)

    def start(self, host: asyncio.AbstractEventLoop | None = None) -> None:
        """Begin; the lifespans of native modules are entered on the ``host`` loop."""
        self._host = host
        self._thread.start()

    def stop(self) -> None:
        """Load nothing more; a module that is being loaded now is not waited for."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def load(self, snapshot: Snapshot) -> None:
        """Load what the snapshot wants and has not got, every module after those it requires; forget the rest."""
        definitions = {code: entry.module.definition for code, entry in snapshot.entries.items()}
        entries = [snapshot.entries[code] for code in graph.order(definitions, snapshot.wanted) if code in definitions]
        with self._changed:
            self._queue = [entry for entry in entries if self._is_due(entry)]
            self._changed.notify_all()

    def hasten(self, entry: Entry) -> None:
        """Load this module next, after those it requires."""
        with self._changed:
            if entry not in self._queue:
                if self._is_due(entry):
                    self._queue.insert(0, entry)
                    self._changed.notify_all()
                return
            definitions = {queued.code: queued.module.definition for queued in self._queue}
            first = graph.closure(definitions, [entry.code])
            self._queue.sort(key=lambda queued: queued.code not in first)

    def wait(self, entries: Iterable[Entry], seconds: float) -> bool:
        """Wait until these are ready or have failed; for whoever serves nothing yet."""
        end = monotonic() + seconds
        for entry in entries:
            try:
                entry.settled.result(max(0.0, end - monotonic()))
            except TimeoutError:
                return False
        return True

    def unload(self, entry: Entry, seconds: float = LIFETIME_SECONDS) -> None:
        """Leave the lifespans of a module that nobody is inside any more, and end its threads. Blocks."""
        if entry.app is not None:
            _stop(entry.code, entry.app, seconds)
        else:
            entry.fail(Problem(entry.code, "import", "the module was replaced before it was loaded"))

    def _is_due(self, entry: Entry) -> bool:
        return entry.state is Standing.LOADING and entry is not self._current

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            work = threading.Thread(target=self._load, args=(entry,), name=f"klods-load-{entry.code}", daemon=True)
            work.start()
            work.join(self._seconds)
            if work.is_alive():
                reason = f"loading did not end within {self._seconds:g} seconds"
                _fail(entry, PartFailed(module=entry.code, part="module", reason=reason))

    def _next(self) -> Entry | None:
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._queue or self._stopping)
            if self._stopping:
                return None
            self._current = self._queue.pop(0)
            return self._current

    def _load(self, entry: Entry) -> None:
        app: ModuleApp | None = None
        try:
            app = self._build(entry.module)
            if app.has_lifetime:
                asyncio.run(app.start(self._host))
        except BaseException as error:  # noqa: BLE001 - `_fail` logs it
            # The edge of loading: whatever a module does when it is imported, only that module has failed.
            _fail(entry, error)
        if app is not None and not entry.succeed(app):
            _stop(entry.code, app, LIFETIME_SECONDS)


def _stop(code: str, app: Loaded, seconds: float) -> None:
    try:
        asyncio.run(app.stop(seconds))
    except Exception:
        # What a module does while it ends is its own affair; the host goes on.
        log.exception("%s did not end cleanly", code)


def _fail(entry: Entry, error: BaseException) -> None:
    incident = secrets.token_hex(6)
    log.error("%s could not be loaded, incident %s", entry.code, incident, exc_info=error)
    entry.fail(problem_of(entry, error), incident)


def problem_of(entry: Entry, error: BaseException) -> Problem:
    """What a person needs to mend a module that could not be loaded."""
    if isinstance(error, KlodsError):
        file, _, line = str(error.data.get("where", "")).rpartition(":")
        return Problem(entry.code, "import", str(error), file, int(line) if line.isdigit() else 0)
    return Problem(entry.code, "import", sentence(error), *place(error, entry.module.source.folder))
