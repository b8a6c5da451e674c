"""The host's API for the log of modules, and for undoing what stands in it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from klods.kernel.overview import find
from klods.kernel.plan import Action, Intent
from klods.kernel.subject import Subject
from klods.web.api.module_models import LogOut, OutcomeOut, PlanOut, SwitchIn
from klods.web.api.modules import SWITCHED, Code
from klods.web.api.refusals import REFUSALS
from klods.web.asking import LogReader, ModuleManager, Services, actor, refuse_beyond_platform

router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["log"])

Number = Annotated[int, Path(ge=1, le=2**62, description="The entry's number")]
Most = Annotated[int, Query(ge=1, le=500, description="How many, the newest first")]


@router.get("/log", operation_id="list_log")
def list_log(admin: LogReader, services: Services, most: Most = 100) -> list[LogOut]:
    """What was done to modules on your platform, the newest first."""
    return [LogOut.of(entry) for entry in services.lifecycle.log.read(platform_id=admin.platform_id, most=most)]


@router.get("/modules/{code}/log", operation_id="list_module_log")
def list_module_log(code: Code, admin: LogReader, services: Services, most: Most = 100) -> list[LogOut]:
    """What was done to a module on your platform, the newest first."""
    row = find(services.known(), code, admin.platform_id)
    entries = services.lifecycle.log.read(code=row.code, platform_id=admin.platform_id, most=most)
    return [LogOut.of(entry) for entry in entries]


@router.post("/log/{number}/plan", operation_id="plan_undo")
def plan_undo(number: Number, admin: ModuleManager, services: Services) -> PlanOut:
    """What undoing an entry would do; nothing is done."""
    return PlanOut.of(services.lifecycle.plan_for(_undo(number, admin)))


@router.post("/log/{number}/undo", operation_id="undo", responses=SWITCHED)
def undo(
    number: Number, admin: ModuleManager, services: Services, response: Response, body: SwitchIn | None = None
) -> OutcomeOut:
    """Take back what an entry switched; content that was brought in and migrations stay."""
    wanted = body or SwitchIn()
    plan = services.lifecycle.plan_for(_undo(number, admin))
    refuse_beyond_platform(admin, plan, services.switchboard.current.platforms)
    outcome = services.lifecycle.apply(plan, actor=actor(admin), why=wanted.why, token=wanted.token)
    response.status_code = 202 if outcome.late else 200
    return OutcomeOut.of(outcome)


def _undo(number: int, admin: Subject) -> Intent:
    return Intent(Action.UNDO, "", admin.platform_id, entry=number)
