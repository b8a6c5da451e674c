"""The host's own API: modules and their plans, tokens, dry runs."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from klods.errors import ModuleNotEnabled, NoSuchDryRun
from klods.kernel.catalog import Catalog
from klods.kernel.overview import Row, find, overview
from klods.kernel.plan import Action, Intent
from klods.kernel.state import Installed
from klods.kernel.subject import Subject
from klods.web.api.module_models import (
    DryRunOut,
    EnableIn,
    MigrationsOut,
    ModuleOut,
    NewTokenOut,
    OutcomeOut,
    PlanIn,
    PlanOut,
    SwitchIn,
    TokenIn,
    TokenOut,
)
from klods.web.api.refusals import REFUSALS
from klods.web.asking import (
    AnAdmin,
    ModuleManager,
    ModuleReader,
    Services,
    actor,
    admin_who_may,
    refuse_beyond_platform,
)
from klods.web.auth.tokens import issue_token
from klods.web.services import HostServices
from klods.web.storable import PLAIN

router = APIRouter(prefix="/api/v1", responses=REFUSALS)

DryRunReader = Annotated[Subject, admin_who_may("klods.dry_runs.read")]
Code = Annotated[str, Path(max_length=100, description="The module's code")]


@router.get("/modules", tags=["modules"], operation_id="list_modules")
def list_modules(admin: ModuleReader, services: Services) -> list[ModuleOut]:
    """Every module that was found, the enabled ones first, with its state and the reason for it."""
    known = services.known()
    catalog, rows = known.catalog, overview(known, admin.platform_id)
    pending = _pending(services, catalog, rows)
    return [ModuleOut.of(row, catalog.problems.of(row.code), pending.get(row.code, ())) for row in rows]


@router.get("/modules/{code}", tags=["modules"], operation_id="get_module")
def get_module(code: Code, admin: ModuleReader, services: Services) -> ModuleOut:
    """One module."""
    known = services.known()
    catalog, row = known.catalog, find(known, code, admin.platform_id)
    pending = _pending(services, catalog, [row]).get(row.code, ())
    return ModuleOut.of(
        row, catalog.problems.of(row.code), pending, services.lifecycle.tables.shared(known.holder(row.code))
    )


@router.post("/modules/{code}/plan", tags=["modules"], operation_id="plan_module")
def plan(code: Code, admin: ModuleReader, services: Services, wanted: PlanIn | None = None) -> PlanOut:
    """What an action would do; nothing is done."""
    return PlanOut.of(services.lifecycle.plan_for((wanted or PlanIn()).about(code, admin.platform_id)))


SWITCHED: dict[int | str, dict[str, Any]] = {202: {"model": OutcomeOut, "description": "Done; some have not followed"}}


@router.post("/modules/{code}/enable", tags=["modules"], operation_id="enable_module", responses=SWITCHED)
def enable(
    code: Code, admin: ModuleManager, services: Services, response: Response, body: EnableIn | None = None
) -> OutcomeOut:
    """Enable a module and what it requires, in every process."""
    action = Action.ENABLE_LIVE if body and body.live else Action.ENABLE
    wanted = Intent(action, code, admin.platform_id, shared=body is not None and body.shared)
    outcome = _apply(services, admin, wanted, body or EnableIn())
    response.status_code = 202 if outcome.late else 200
    return outcome


@router.post("/modules/{code}/disable", tags=["modules"], operation_id="disable_module", responses=SWITCHED)
def disable(
    code: Code, admin: ModuleManager, services: Services, response: Response, body: SwitchIn | None = None
) -> OutcomeOut:
    """Disable a module and what depends on it; its data stays."""
    outcome = _switch(services, admin, (Action.DISABLE, code), body or SwitchIn())
    response.status_code = 202 if outcome.late else 200
    return outcome


@router.post("/modules/{code}/live", tags=["modules"], operation_id="let_module_go_live", responses=SWITCHED)
def live(
    code: Code, admin: ModuleManager, services: Services, response: Response, body: SwitchIn | None = None
) -> OutcomeOut:
    """Switch READ_ONLY and DRY_RUN off: what the module does is kept from now on."""
    outcome = _switch(services, admin, (Action.LIVE, code), body or SwitchIn())
    response.status_code = 202 if outcome.late else 200
    return outcome


@router.post("/modules/{code}/hold", tags=["modules"], operation_id="hold_module", responses=SWITCHED)
def hold(
    code: Code, admin: ModuleManager, services: Services, response: Response, body: SwitchIn | None = None
) -> OutcomeOut:
    """Switch READ_ONLY and DRY_RUN on: the module goes on answering, and nothing it does is kept."""
    outcome = _switch(services, admin, (Action.HOLD, code), body or SwitchIn())
    response.status_code = 202 if outcome.late else 200
    return outcome


@router.get("/modules/{code}/migrations", tags=["modules"], operation_id="list_module_migrations")
def list_migrations(code: Code, admin: ModuleReader, services: Services) -> MigrationsOut:  # noqa: ARG001
    """What has not run yet of the module's migrations."""
    catalog = services.catalog()
    return MigrationsOut(code=code, pending=list(services.lifecycle.migrator.pending(catalog.find(code))))


@router.get("/dry-runs/{run_id}", tags=["dry runs"], operation_id="get_dry_run")
def get_dry_run(
    run_id: Annotated[str, Path(max_length=36, pattern=PLAIN)], admin: DryRunReader, services: Services
) -> DryRunOut:
    """What a dry run of the last hour would have changed; its id stands in the header `X-Klods-Dry-Run-Id`."""
    if (run := services.find_dry_run(run_id, admin.platform_id)) is None:
        raise NoSuchDryRun(id=run_id)
    return DryRunOut.model_validate(run)


@router.get("/tokens", tags=["tokens"], operation_id="list_tokens")
def list_tokens(caller: AnAdmin, services: Services) -> list[TokenOut]:
    """Your API tokens in force on this platform, or everybody's for who manages them; never their secrets."""
    found = services.people.tokens.all(caller.platform_id, only_of=_only_own(caller))
    return [TokenOut.model_validate(token) for token in found]


@router.post("/tokens", tags=["tokens"], operation_id="create_token", status_code=201)
def create_token(wanted: TokenIn, caller: AnAdmin, services: Services) -> NewTokenOut:
    """Make a token that acts for you; keep it, it is not shown again."""
    return NewTokenOut(name=wanted.name, token=issue_token(services.people, wanted.name, caller))


@router.delete("/tokens/{name:path}", tags=["tokens"], operation_id="revoke_token", status_code=204)
def revoke_token(
    name: Annotated[str, Path(max_length=100, pattern=PLAIN)], caller: AnAdmin, services: Services
) -> None:
    """End a token; here it stops working at once, in other processes within seconds."""
    services.people.tokens.revoke(name, caller.platform_id, only_of=_only_own(caller))
    services.authenticator.forget()


@router.get("/{code}/health", tags=["modules"], operation_id="get_disabled_module_health")
def health_of_closed(code: Code, admin: ModuleReader, services: Services) -> None:
    """The answer for a module that is known but answers no requests: its state and the reason."""
    row = find(services.known(), code, admin.platform_id)
    raise ModuleNotEnabled(module=row.code, state=row.shown, reason=row.reason)


def _only_own(caller: Subject) -> int | None:
    """Whose tokens somebody sees and ends: their own, unless they manage those of others."""
    return None if caller.may("klods.tokens.manage") else caller.user_id


def _pending(services: HostServices, catalog: Catalog, rows: Iterable[Row]) -> Mapping[str, tuple[str, ...]]:
    """What waits for the modules that have tables, or had them before."""
    known = [catalog[row.code] for row in rows if row.code in catalog and row.installed != Installed.ABSENT]
    return services.lifecycle.migrator.all_pending(known)


def _switch(services: HostServices, admin: Subject, wanted: tuple[Action, str], body: SwitchIn) -> OutcomeOut:
    action, code = wanted
    return _apply(services, admin, Intent(action, code, admin.platform_id), body)


def _apply(services: HostServices, admin: Subject, wanted: Intent, body: SwitchIn) -> OutcomeOut:
    plan = services.lifecycle.plan_for(wanted)
    refuse_beyond_platform(admin, plan, services.switchboard.current.platforms)
    outcome = services.lifecycle.apply(plan, actor=actor(admin), why=body.why, token=body.token)
    return OutcomeOut.of(outcome)
