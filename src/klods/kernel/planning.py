"""Decides what an action will do: pure functions from what is known to a plan."""

from dataclasses import replace

from klods.errors import CoreModule
from klods.kernel.graph import dependents, order
from klods.kernel.plan import TAKES_OUT, Action, Do, Intent, Plan, Step
from klods.kernel.state import Active, Installed
from klods.kernel.steps import elsewhere, opening_steps, refuse_misfits, renewing_steps, sharing, sound, turning_steps
from klods.kernel.switches import refuse_kept_safe
from klods.kernel.undoing import plan_undo
from klods.kernel.uninstall_plans import plan_archive, plan_uninstall
from klods.kernel.view import View


def make_plan(view: View, intent: Intent) -> Plan:
    """The plan for what a person asks for; raises why it cannot be done."""
    action, code, platform_id = intent.action, intent.target, intent.platform_id
    if action in TAKES_OUT:
        return plan_uninstall(view, action, (code, *intent.along), platform_id)
    if action in (Action.RESTORE, Action.DISCARD):
        return plan_archive(view, action, code, platform_id, number=intent.archive)
    if action is Action.UNDO:
        return plan_undo(view, intent)
    if action in (Action.ENABLE, Action.ENABLE_LIVE):
        plan = plan_enable(view, code, platform_id, shared=intent.shared)
        return _and_live(view, plan) if action is Action.ENABLE_LIVE else plan
    makers = {
        Action.DISABLE: plan_disable,
        Action.MIGRATE: plan_migrate,
        Action.LIVE: plan_live,
        Action.HOLD: plan_hold,
    }
    return makers[action](view, code, platform_id)


def plan_enable(view: View, code: str, platform_id: int, *, shared: bool = False) -> Plan:
    """Enable a module and all it needs, the needed ones first; one that is enabled gets the new content of its folder.

    What it needs and is enabled already is left alone. ``shared`` lets tables be shared by several platforms.

    Raises `NoSuchModule`, `InvalidDefinition` with all the reasons why it may not be enabled, `SharedTables`, or
    `AlreadyRunning` while one of them is being switched off.
    """
    intent = Intent(Action.ENABLE, code, platform_id, shared=shared)
    steps = opening_steps(view, [code], intent)
    warnings = (*elsewhere(view, steps, platform_id), *sharing(view, steps, platform_id))
    return Plan(Action.ENABLE, code, platform_id, steps, warnings, shared=shared)


def _and_live(view: View, enabled: Plan) -> Plan:
    """Let a module that is enabled go live in the same breath; what it needs stays as it is."""
    code, platform_id = enabled.target, enabled.platform_id
    live = plan_live(view, code, platform_id)
    needed = (step.code for step in enabled if step.do is Do.ENABLE and step.code != code)
    held = tuple(f"{it} is not live" for it in needed if not view.switches(it, platform_id).live)
    return replace(
        enabled, action=Action.ENABLE_LIVE, steps=(*enabled.steps, *live.steps), warnings=(*enabled.warnings, *held)
    )


def plan_live(view: View, code: str, platform_id: int) -> Plan:
    """Switch READ_ONLY and DRY_RUN off; raise `KeptSafe` when the environment keeps one of them on."""
    definition = view.catalog.find(code).definition
    refuse_kept_safe(code, view.environment)
    held = [it for it in definition.required_codes if it in view.catalog and not view.switches(it, platform_id).live]
    warnings = (f"{it} is not live: what {code} asks of it is tried and undone" for it in held)
    return replace(_turn(view, Action.LIVE, code, platform_id), warnings=tuple(warnings))


def plan_hold(view: View, code: str, platform_id: int) -> Plan:
    """Switch READ_ONLY and DRY_RUN on, whatever the definition says."""
    view.catalog.find(code)
    callers = sorted(
        it for it, known in view.catalog.definitions.items()
        if code in known.required_codes and it in view.states.enabled(platform_id) and view.switches(it, platform_id).live
    )  # fmt: skip
    warnings = (f"{it} is live: what it asks of {code} is tried and undone" for it in callers)
    return replace(_turn(view, Action.HOLD, code, platform_id), warnings=tuple(warnings))


def plan_disable(view: View, code: str, platform_id: int) -> Plan:
    """Disable a module and all that need it, the dependents first; raises `NoSuchModule` or `CoreModule`."""
    states, standing = view.states, view.standing
    view.refuse_unknown(code)
    affected = dependents(standing, [code])
    active = {it for it in affected if states.activation(it, platform_id).state is not Active.DISABLED}
    for core in sorted({code} | active, key=lambda it: (it != code, it)):
        if core in standing and standing[core].is_core:
            raise CoreModule(module=core)
    line = reversed(order(standing, active))
    return Plan(Action.DISABLE, code, platform_id, tuple(Step(Do.DISABLE, it) for it in line))


def plan_migrate(view: View, code: str, platform_id: int) -> Plan:
    """Bring a module's tables up to its files, and first those of modules it needs that were never installed."""
    known = [it for it, row in view.states.installations.items() if row.state is not Installed.ABSENT]
    needed = sound(view, [code], keep=known)
    if not view.pending(view.catalog[code]):
        return Plan(Action.MIGRATE, code, platform_id)
    wanted = [it for it in needed if it == code or it not in known]
    steps = [step for it in wanted for step in renewing_steps(view, it, wanted)]
    refuse_misfits(view, steps, platform_id)
    return Plan(Action.MIGRATE, code, platform_id, tuple(steps), tuple(elsewhere(view, steps, platform_id=0)))


def _turn(view: View, action: Action, code: str, platform_id: int) -> Plan:
    return Plan(action, code, platform_id, turning_steps(view, Do(action.value), code, platform_id))
