"""What one dry exchange would change, wherever in its course: told in the answer, and kept under one id."""

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

from klods.kernel.changes import Changes, DryRun

log = logging.getLogger(__name__)

Keep = Callable[[DryRun], None]
Labels = tuple[tuple[bytes, bytes], ...]


class DryRecord:
    """Collects the changes of the request itself and of the scopes that come out of it, also after the answer began."""

    def __init__(self, module: str, platform_id: int, keep: Keep | None) -> None:
        self._module = module
        self._platform_id = platform_id
        self._keep = keep
        self._changes = Changes()
        self._id = str(uuid4())
        self._status = 0
        self._lock = threading.Lock()

    def add(self, changes: Changes) -> None:
        """Note what a scope of its own would have changed; kept at once when the answer has begun. Blocks."""
        with self._lock:
            self._changes += changes
            if self._status and self._kept():
                log.info("%s: what comes after a dry answer would change %s", self._module, changes.header)

    def begin(self) -> None:
        """There is no answer to wait for: what is noted from now on is kept at once."""
        with self._lock:
            self._status = self._status or HTTPStatus.OK

    def answer(self, status: int, changes: Changes | None) -> Labels:
        """Note what the request itself would have changed, and say what its answer is labelled with. Blocks."""
        with self._lock:
            self._status = status
            self._changes += changes or Changes()
            header = ((b"x-klods-changes", self._changes.header.encode()),) if self._changes else ()
            # More may come after an answer that is a good one; then its id has to be known already.
            told = (bool(self._changes) or status < HTTPStatus.BAD_REQUEST) and self._kept()
            return (*header, (b"x-klods-dry-run-id", self._id.encode())) if told else header

    def _kept(self) -> bool:
        """Whether it could be kept; if not, the client still gets the answer of a live call."""
        if self._keep is None:
            return False
        try:
            self._keep(DryRun(self._id, self._module, self._platform_id, self._status, self._changes))
        except Exception:
            log.exception("%s: what a dry run would change could not be kept", self._module)
            return False
        return True
