"""The page of all modules, and the plan that a person sees before anything is switched."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from klods.errors import CoreModule, KlodsError
from klods.kernel.overview import find, overview
from klods.kernel.plan import Action
from klods.web.asking import Admin, Services, actor
from klods.web.errors import status_of
from klods.web.pages.rendering import redirect, render
from klods.web.services import HostServices

router = APIRouter(prefix="/admin/modules", include_in_schema=False)

Choice = Annotated[str, Form()]
SWITCHES = (Action.ENABLE, Action.DISABLE)


@router.get("")
def module_list(request: Request, subject: Admin, services: Services) -> Response:
    """Every module that was found, however broken, with its state and the reason."""
    known = services.known()
    catalog, rows = known.catalog, overview(known, subject.platform_id)
    problems = {row.code: list(catalog.problems.of(row.code)) for row in rows}
    enabled = sum(row.enabled for row in rows)
    weak = [weakness.value for weakness in services.weaknesses()]
    return render(request, "klods/modules.html", rows=rows, problems=problems, enabled=enabled, weaknesses=weak)


@router.get("/{code}/{action}")
def plan_page(request: Request, subject: Admin, services: Services, code: str, action: Action) -> Response:
    """What enabling or disabling the module will do."""
    return _show_plan(request, services, (code, action, subject.platform_id))


@router.post("/{code}/{action}")
def apply_plan(
    request: Request, subject: Admin, services: Services, code: str, action: Action, token: Choice = ""
) -> Response:
    """Do what was shown; when it no longer fits or fails, say so beside the plan as it would be now."""
    wanted = (code, action, subject.platform_id)
    try:
        plan = services.lifecycle.plan(action, code, subject.platform_id)
        outcome = services.lifecycle.apply(plan, actor=actor(subject), token=token or None)
    except KlodsError as error:
        return _show_plan(request, services, wanted, error)
    if outcome.late:
        return redirect("/admin/modules", toast=f"toast.{action}_late", module=code, late=", ".join(outcome.late))
    return redirect("/admin/modules", toast=f"toast.{action}", module=code)


def _show_plan(
    request: Request, services: HostServices, wanted: tuple[str, Action, int], error: KlodsError | None = None
) -> Response:
    code, action, platform_id = wanted
    known = services.known()
    catalog, row = known.catalog, find(known, code, platform_id)
    plan: Any = None
    try:
        plan = services.lifecycle.plan(action, row.code, platform_id)
    except KlodsError as refusal:
        error = error or refusal
    return render(
        request,
        "klods/plan.html",
        status_code=status_of(error) if error else 200,
        row=row,
        action=action,
        plan=plan,
        error=error,
        problems=list(catalog.problems.of(row.code)),
        is_core=isinstance(error, CoreModule),
    )
