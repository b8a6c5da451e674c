"""The host's API for taking modules out, and for the tables that were set aside."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from klods.errors import NotConfirmed
from klods.kernel.overview import find
from klods.kernel.plan import Action, Plan
from klods.kernel.subject import Subject
from klods.web.api.module_models import ArchiveOut, OutcomeOut, RestoreIn, SwitchIn, UninstallIn
from klods.web.api.modules import SWITCHED, Code
from klods.web.api.refusals import REFUSALS
from klods.web.asking import ModuleManager, ModuleReader, Services, actor, refuse_beyond_platform
from klods.web.services import HostServices

router = APIRouter(prefix="/api/v1/modules/{code}", responses=REFUSALS, tags=["modules"])

Number = Annotated[int, Path(ge=1, le=2**62, description="The archive's number")]


@router.post("/uninstall", operation_id="uninstall_module", responses=SWITCHED)
def uninstall(
    code: Code, admin: ModuleManager, services: Services, response: Response, body: UninstallIn | None = None
) -> OutcomeOut:
    """Take a module out of this installation; it has to be disabled. Its tables stay, unless you say otherwise."""
    wanted = body or UninstallIn()
    plan = services.lifecycle.plan(wanted.action, code, admin.platform_id, along=wanted.along)
    return _answer(response, _apply(services, admin, plan, wanted, confirm=wanted.confirm))


@router.post("/restore", operation_id="restore_module", responses=SWITCHED)
def restore(
    code: Code, admin: ModuleManager, services: Services, response: Response, body: RestoreIn | None = None
) -> OutcomeOut:
    """Bring back tables of a module that were set aside; it is installed again, and disabled."""
    wanted = body or RestoreIn()
    plan = services.lifecycle.plan(Action.RESTORE, code, admin.platform_id, archive=wanted.archive)
    return _answer(response, _apply(services, admin, plan, wanted))


@router.get("/archives", operation_id="list_module_archives")
def list_archives(code: Code, admin: ModuleReader, services: Services) -> list[ArchiveOut]:
    """The tables of the module that were set aside, the newest first."""
    found = services.lifecycle.tables.archives(code)
    if not found:
        find(services.known(), code, admin.platform_id)
    return [ArchiveOut.model_validate(archive) for archive in found]


@router.delete("/archives/{number}", operation_id="discard_module_archive", responses=SWITCHED)
def discard(
    code: Code,
    number: Number,
    admin: ModuleManager,
    services: Services,
    response: Response,
    confirm: Annotated[str, Query(max_length=100, description="The module's code, typed out")] = "",
) -> OutcomeOut:
    """Delete tables that were set aside, for good."""
    plan = services.lifecycle.plan(Action.DISCARD, code, admin.platform_id, archive=number)
    return _answer(response, _apply(services, admin, plan, SwitchIn(), confirm=(confirm,)))


def _apply(
    services: HostServices, admin: Subject, plan: Plan, body: SwitchIn, *, confirm: Collection[str] = ()
) -> OutcomeOut:
    refuse_beyond_platform(admin, plan, services.switchboard.current.platforms)
    if missing := plan.unconfirmed(confirm):
        raise NotConfirmed(module=", ".join(missing))
    return OutcomeOut.of(services.lifecycle.apply(plan, actor=actor(admin), why=body.why, token=body.token))


def _answer(response: Response, outcome: OutcomeOut) -> OutcomeOut:
    response.status_code = 202 if outcome.late else 200
    return outcome
