"""The page of all modules, and the plan that a person sees before anything is switched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from klods.errors import CoreModule, KlodsError, NoSuchModule, NotConfirmed, SharedTables
from klods.kernel.catalog import Catalog
from klods.kernel.history import in_effect
from klods.kernel.overview import Known, Row, find, overview
from klods.kernel.plan import DELETES, TAKES_OUT, Action, Intent, Plan
from klods.kernel.undoing import can_be_undone
from klods.web.asking import LogReader, ModuleManager, ModuleReader, Services, actor, refuse_beyond_platform
from klods.web.errors import status_of
from klods.web.pages.kit.columns import Column
from klods.web.pages.kit.table import Table
from klods.web.pages.rendering import module_words, redirect, render
from klods.web.services import HostServices

router = APIRouter(prefix="/admin/modules", include_in_schema=False)

Choice = Annotated[str, Form()]
STATES = ("enabled", "disabled", "enabling", "disabling", "failed", "quarantined", "broken", "missing")
MODULES = Table(
    Column("enabled", "modules.enabled_first", kind="flag"),
    Column("name", "modules.name", finds=True),
    Column("code", "modules.code", finds=True),
    Column("description", sorts=False, finds=True),
    Column("shown", "modules.state", choices={state: f"state.{state}" for state in STATES}, filters=True),
    order="-enabled",
    key="code",
)
TAKES_OUT_IN_ORDER = (Action.UNINSTALL, Action.ARCHIVE, Action.DROP)
SHOWN_ENTRIES = 100
LONGEST_NOTE = 500
"""In characters; a browser takes no long cookies."""


@router.get("")
def module_list(request: Request, subject: ModuleReader, services: Services) -> Response:
    """Every module that was found, however broken, with its state and the reason; found, filtered and sorted as a table."""
    known = services.known()
    catalog = known.catalog
    rows = _in_words(request, overview(known, subject.platform_id), catalog)
    items = MODULES.ask(request).among(rows)
    problems = {row.code: list(catalog.problems.of(row.code)) for row in items.rows}
    enabled = sum(row.enabled for row in rows)
    weak = [weakness.value for weakness in services.weaknesses()]
    archives = services.lifecycle.tables.archives()
    return render(
        request,
        "klods/modules.html",
        items=items,
        problems=problems,
        enabled=enabled,
        all=len(rows),
        weaknesses=weak,
        archives=archives,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan page is about."""

    code: str
    action: Action
    platform_id: int
    archive: int = 0
    entry: int = 0
    shared: bool = False

    @property
    def intent(self) -> Intent:
        """What is asked for."""
        return Intent(
            self.action, self.code, self.platform_id, archive=self.archive, entry=self.entry, shared=self.shared
        )

    def plan(self, services: HostServices) -> Plan:
        """The plan as it would be now."""
        return services.lifecycle.plan_for(self.intent)


Number = Annotated[int, Query(ge=0, le=2**62)]


def _wanted(
    subject: ModuleReader, code: str, action: Action, *, archive: Number = 0, entry: Number = 0, shared: bool = False
) -> Wanted:
    return Wanted(code, action, subject.platform_id, archive, entry, shared)


Asked = Annotated[Wanted, Depends(_wanted)]


@router.get("/{code}/log")
def module_log(request: Request, code: str, subject: LogReader, services: Services) -> Response:
    """What was done to a module, with a way back where there is one."""
    known = services.known()
    [row] = _in_words(request, [find(known, code, subject.platform_id)], known.catalog)
    entries = services.lifecycle.log.read(code=row.code, platform_id=subject.platform_id, most=SHOWN_ENTRIES)
    undoable = {entry.id for entry in in_effect(entries) if can_be_undone(entry)}
    return render(request, "klods/module_log.html", row=row, entries=entries, undoable=undoable)


@router.get("/{code}/{action}")
def plan_page(request: Request, services: Services, wanted: Asked) -> Response:
    """What will be done to the module, and to others."""
    return _show_plan(request, services, wanted)


@router.post("/{code}/{action}")
def apply_plan(
    request: Request,
    subject: ModuleManager,
    services: Services,
    wanted: Asked,
    *,
    token: Choice = "",
    confirm: Choice = "",
) -> Response:
    """Do what was shown; when it no longer fits or fails, say so beside the plan as it would be now."""
    try:
        plan = wanted.plan(services)
        refuse_beyond_platform(subject, plan, services.switchboard.current.platforms)
        if missing := plan.unconfirmed((confirm.strip(),)):
            raise NotConfirmed(module=", ".join(missing))
        outcome = services.lifecycle.apply(plan, actor=actor(subject), token=token or None)
    except KlodsError as error:
        return _show_plan(request, services, wanted, error)
    late, note = ", ".join(outcome.late), "; ".join(problem.message for problem in outcome.problems)[:LONGEST_NOTE]
    return redirect("/admin/modules", toast=f"toast.{wanted.action}", module=wanted.code, late=late, note=note)


def _show_plan(request: Request, services: HostServices, wanted: Wanted, error: KlodsError | None = None) -> Response:
    known = services.known()
    plan: Any = None
    try:
        plan = wanted.plan(services)
    except KlodsError as refusal:
        error = error or refusal
    return render(
        request,
        "klods/plan.html",
        status_code=status_of(error) if error else 200,
        row=_in_words(request, [_row(known, wanted)], known.catalog)[0],
        action=wanted.action,
        plan=plan,
        error=error,
        problems=list(known.catalog.problems.of(wanted.code)),
        takes_out=TAKES_OUT_IN_ORDER if wanted.action in TAKES_OUT else (),
        deletes=wanted.action in DELETES,
        is_core=isinstance(error, CoreModule),
        asks_to_share=isinstance(error, SharedTables),
    )


def _in_words(request: Request, rows: Sequence[Row], catalog: Catalog) -> list[Row]:
    """The rows with what modules are called in the language of the reader."""
    said = {row.code: module_words(request, catalog[row.code]) for row in rows if row.code in catalog}
    return [
        replace(row, name=said[row.code].name, description=said[row.code].description) if row.code in said else row
        for row in rows
    ]


def _row(known: Known, wanted: Wanted) -> Row:
    """The module as lists show it; of one that is gone only its archives are left."""
    gone = wanted.action in (Action.RESTORE, Action.DISCARD)
    try:
        return find(known, wanted.code, wanted.platform_id)
    except NoSuchModule:
        if gone:
            return Row(wanted.code, wanted.code, shown="missing")
        raise
