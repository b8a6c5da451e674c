"""How far long work is: a bar on a page that follows by itself, with JavaScript and without.

Whoever works writes down how far it is, in a row of its own transaction; the page asks for that row again and again. So
it makes no difference which process works, and nothing is held open meanwhile.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from klods.web.asgi_scope import locale_of
from klods.web.auth.credentials import header
from klods.web.auth.origin import stays_here
from klods.web.errors import report
from klods.web.pages.formats import Formats
from klods.web.pages.rendering import render, speaker

EVENTS = "text/event-stream"
AGAIN_MILLISECONDS = 1_000
"""How soon a page asks again; without JavaScript it does so every two seconds."""

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far some work is; without a ``total`` nobody knows how much there is."""

    done: int = 0
    total: int | None = None
    text: str = ""
    """What happens now, as the key of a text or as plain text."""

    state: str = "running"
    """``running``, ``done`` or ``failed``."""

    next: str = ""
    """Where to go when it is done."""

    def __post_init__(self) -> None:
        if self.state not in ("running", "done", "failed"):
            message = f"work is running, done or failed, not {self.state!r}"
            raise ValueError(message)
        if self.next and not stays_here(self.next):
            message = f"the next page must be one of this hub, so it begins with one slash, not {self.next!r}"
            raise ValueError(message)

    @property
    def percent(self) -> int | None:
        """How much of it is done, of a hundred; None when nobody knows."""
        if self.state == "done":
            return 100
        return None if not self.total else max(0, min(100, self.done * 100 // self.total))


def show_progress(request: Request, template: str, progress: Progress, **context: Any) -> Response:
    """The page with the bar, ``ui.progress(progress)``; the same address then tells the page how far it is by now."""
    if EVENTS not in header(request.scope, b"accept"):
        return render(request, template, progress=progress, **context)
    # The browser asks again after a while, so that no connection and no thread is held in between.
    told = f"retry: {AGAIN_MILLISECONDS}\n{_event(request, progress)}"
    return Response(told, media_type=EVENTS, headers=HEADERS)


def stream_progress(request: Request, steps: Iterable[Progress]) -> Response:
    """Tell of each step when the generator takes it; in a module each step runs in its threads, outside of any scope.

    The work ends with the page that shows it and is not begun again when the connection is lost, so let only work do so
    that may be cut short at any step.
    """
    if header(request.scope, b"last-event-id"):
        return Response(status_code=204)
    return StreamingResponse(_events(request, steps), media_type=EVENTS, headers=HEADERS)


def _events(request: Request, steps: Iterable[Progress]) -> Iterator[str]:
    try:
        for number, step in enumerate(steps, 1):
            yield f"id: {number}\n{_event(request, step)}"
    except Exception as error:  # noqa: BLE001 - the answer has begun: all that is left is to say so on the page
        report(error, request.scope)
        yield _event(request, Progress(text="error.500_title", state="failed"))


def _event(request: Request, step: Progress) -> str:
    say, fmt = speaker(request), Formats(locale_of(request.scope))
    told = asdict(step) | {"percent": step.percent, "text": say(step.text) if step.text else "", "count": ""}
    if step.total is not None:
        told["count"] = say("kit.progress_of", done=fmt.number(step.done), total=fmt.number(step.total))
    return f"data: {json.dumps(told)}\n\n"
