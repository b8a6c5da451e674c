"""The addresses of the pattern page: for administrators, on data that nobody keeps."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from klods.errors import NoSuchModule
from klods.web.asgi_scope import locale_of
from klods.web.callers import get_current_admin_user
from klods.web.pages.formats import Formats
from klods.web.pages.kit.chart import Chart
from klods.web.pages.kit.form import Filled, Submitted
from klods.web.pages.kit.progress import Progress, show_progress
from klods.web.pages.kit.uploads import file_response, read_upload
from klods.web.pages.patterns.orders import ORDER_FORM, ORDERS, OrderIn, orders
from klods.web.pages.patterns.sources import pattern_sources
from klods.web.pages.rendering import redirect, render, speaker

router = APIRouter(prefix="/admin/patterns", include_in_schema=False, dependencies=[Depends(get_current_admin_user)])

HOME = "/admin/patterns"
NOTES, NOTE_BYTES = ("pdf", "png", "txt"), 200_000
TOTAL, EACH_SECOND = 240, 40
LAST_MOMENT = 2**53


@router.get("")
def pattern_page(request: Request) -> Response:
    """Every piece, with its source."""
    items = ORDERS.ask(request).among(orders())
    return items.export() or _page(request, ORDER_FORM.blank(), items=items)


@router.post("/form")
def read_form(request: Request, sent: Submitted) -> Response:
    """Read the form and keep nothing."""
    form = ORDER_FORM.read(sent)
    if form.value is None:
        return _page(request, form, status_code=422, items=ORDERS.ask(request).among(orders()))
    return redirect(HOME, toast="toast.pattern_form", name=form.value.customer)


@router.post("/pack")
def pack(selected: Annotated[tuple[int, ...], Form()] = ()) -> Response:
    """Say how many rows were picked."""
    return redirect(HOME, toast="toast.pattern_picked", picked=str(len(selected)))


@router.get("/return")
def return_plan(request: Request) -> Response:
    """The plan of a return: a page, and the same in a dialog."""
    return render(request, "klods/patterns/plan_page.html")


@router.post("/return")
def apply_return() -> Response:
    """Do nothing, and say so."""
    return redirect(HOME, toast="toast.pattern_returned")


@router.get("/progress")
def run_page(request: Request, began: Annotated[int, Query(ge=0, le=LAST_MOMENT)] = 0) -> Response:
    """Work that began then and takes six seconds."""
    if not began:
        return redirect(f"{HOME}/progress?began={round(time.time() * 1000)}")
    done = min(TOTAL, round(max(0, time.time() - began / 1000) * EACH_SECOND))
    state = "done" if done == TOTAL else "running"
    text = "patterns.all_counted" if state == "done" else "patterns.counting"
    return show_progress(request, "klods/patterns/progress_page.html", Progress(done, TOTAL, text, state))


@router.get("/panel")
def panel(request: Request, *, broken: bool = False) -> Response:
    """A panel as another module would show it, or one that fails."""
    if broken:
        raise NoSuchModule(module="balance")
    return render(request, "klods/patterns/panel_page.html", count=len(orders()), spark=charts(request)["spark"])


@router.post("/file")
def take_file(request: Request, sent: Submitted) -> Response:
    """Take a file, and keep nothing."""
    upload = read_upload(sent, "file", types=NOTES, most_bytes=NOTE_BYTES)
    if upload is None:
        return redirect(HOME)
    size = Formats(locale_of(request.scope)).size(len(upload.content))
    return redirect(HOME, toast="toast.pattern_file", name=upload.name, size=size)


@router.get("/file")
def offer_file() -> Response:
    """A file for keeping."""
    return file_response("Æbler: 12 kasser\n".encode(), "følgeseddel 7.txt")


def _page(request: Request, form: Filled[OrderIn], *, status_code: int = 200, **more: Any) -> Response:
    """The page with a form as it is now."""
    return render(
        request, "klods/patterns/page.html", status_code=status_code, form=form, notes=NOTES, note_bytes=NOTE_BYTES, **charts(request), **more,
        sources=pattern_sources(SHOWN), progress=Progress(96, TOTAL, "patterns.counting", "failed"),
    )  # fmt: skip


def charts(request: Request) -> Mapping[str, Chart]:
    """The charts of the page."""
    say, fmt = speaker(request), Formats(locale_of(request.scope))
    months = [fmt.month(date(2026, month, 1)) for month in range(1, 9)]
    sold = [*zip(months, (120, 180, 160, 240, 310, 280, 355, 390), strict=True)]
    balance = zip(months, (40, 85, -30, -55, 20, 60, 95, 130), strict=True)
    return {
        "bars": Chart("bars", say("patterns.orders"), sold),
        "line": Chart("line", say("patterns.balance"), balance, unit="kDKK"),
        "spark": Chart("spark", say("patterns.orders"), sold),
    }


SHOWN: tuple[tuple[str, Callable[..., object]], ...] = (
    ("table", pattern_page),
    ("table", pack),
    ("form", read_form),
    ("dialog", return_plan),
    ("chart", charts),
    ("panel", panel),
    ("progress", run_page),
    ("files", take_file),
    ("files", offer_file),
)
"""The handlers whose source stands beside each pattern."""
