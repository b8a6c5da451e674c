"""How the processes of a hub log: one record is one line, whatever stands in its message; what follows is indented."""

import logging
import re

from klods.cli.output import one_line
from klods.kernel.outgoing import shown_url

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_FOLLOWS = "  | "
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)


class OneLine(logging.Formatter):
    """Escapes what would begin a new line, so that no text from outside can pass for a record of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        """The record's line."""
        return _safe(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802
        """The stack, set off from records; an exception's message may hold anything."""
        return _indented(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """The same for a stack without an exception."""
        return _indented(super().formatStack(stack_info))


def set_up_logging() -> None:
    """Log to stderr from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every run; the log of modules does too
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it tells whole addresses, with the secrets in their queries


def _indented(text: str) -> str:
    return "\n".join(_FOLLOWS + _safe(line) for line in text.split("\n"))


def _safe(text: str) -> str:
    """One line, with nothing in its addresses that may be secret."""
    return _URL.sub(lambda found: _shown(found[0]), one_line(text))


def _shown(url: str) -> str:
    try:
        return shown_url(url)
    except ValueError:  # it only looks like an address
        return url
