"""Decides what an action will do: pure functions from what is known to a plan."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from klods.errors import AlreadyRunning, CoreModule, InvalidDefinition
from klods.kernel.coexistence import Company
from klods.kernel.granting import grant_problems, running_grant_problems
from klods.kernel.grants import grants_on, grants_to, standing
from klods.kernel.graph import closure, dependents, order
from klods.kernel.migrations import chain_of
from klods.kernel.plan import TAKES_OUT, Action, Do, Intent, Plan, Step
from klods.kernel.problems import Problems
from klods.kernel.relations import relation_problems
from klods.kernel.state import Active, Installed
from klods.kernel.switches import Switches, refuse_kept_safe
from klods.kernel.uninstall_plans import plan_archive, plan_uninstall
from klods.kernel.view import View


def make_plan(view: View, intent: Intent) -> Plan:
    """The plan for what a person asks for; raises why it cannot be done."""
    action, code, platform_id = intent.action, intent.target, intent.platform_id
    if action in TAKES_OUT:
        return plan_uninstall(view, action, (code, *intent.along), platform_id)
    if action in (Action.RESTORE, Action.DISCARD):
        return plan_archive(view, action, code, platform_id, number=intent.archive)
    makers = {
        Action.ENABLE: plan_enable,
        Action.ENABLE_LIVE: plan_enable_live,
        Action.DISABLE: plan_disable,
        Action.MIGRATE: plan_migrate,
        Action.LIVE: plan_live,
        Action.HOLD: plan_hold,
    }
    return makers[action](view, code, platform_id)


def plan_enable(view: View, code: str, platform_id: int) -> Plan:
    """Enable a module and all it needs, the needed ones first; one that is enabled gets the new content of its folder.

    What it needs and is enabled already is left alone.

    Raises `NoSuchModule`, `InvalidDefinition` with all the reasons why it may not be enabled, or `AlreadyRunning`
    while one of them is being switched off.
    """
    needed = _sound(view, code, keep=view.states.enabled(platform_id))
    waiting = [code for code in needed if view.states.activation(code, platform_id).state is not Active.ENABLED]
    if any(view.states.activation(code, platform_id).state is Active.DISABLING for code in waiting):
        raise AlreadyRunning
    changed = tuple(dict.fromkeys((*waiting, code)))
    steps = [step for it in changed for step in (*_renew(view, it, changed), *_open(it, waiting))]
    _refuse_misfits(view, steps, platform_id)
    return Plan(Action.ENABLE, code, platform_id, tuple(steps), tuple(_elsewhere(view, steps, platform_id)))


def plan_enable_live(view: View, code: str, platform_id: int) -> Plan:
    """Enable a module as `plan_enable` does, and let it go live in the same breath; what it needs stays as it is."""
    enabled = plan_enable(view, code, platform_id)
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
    needed = _sound(view, code, keep=known)
    if not view.pending(view.catalog[code]):
        return Plan(Action.MIGRATE, code, platform_id)
    wanted = [it for it in needed if it == code or it not in known]
    steps = [step for it in wanted for step in _renew(view, it, wanted)]
    _refuse_misfits(view, steps, platform_id)
    return Plan(Action.MIGRATE, code, platform_id, tuple(steps), tuple(_elsewhere(view, steps, platform_id=0)))


def _turn(view: View, action: Action, code: str, platform_id: int) -> Plan:
    """One step, unless somebody has said so before; what the module says of itself may change with its next version."""
    on, said = action is Action.HOLD, view.states.stored_switches(code, platform_id)
    if (said.read_only, said.dry_run) == (on, on):
        return Plan(action, code, platform_id)
    before, after = view.switches(code, platform_id).shown, Switches(on, on).shown
    return Plan(action, code, platform_id, (Step(Do(action.value), code, before=before, after=after),))


def _sound(view: View, code: str, keep: Collection[str]) -> tuple[str, ...]:
    """The module and all it needs, in order, if the rules allow that they run together; others are kept as they run."""
    if code in view.catalog.broken:
        view.catalog.problems.of(code).raise_if_any()
        raise InvalidDefinition(problems=f"{code} cannot be read")
    view.catalog.find(code)
    kept = frozenset(keep) - {code}
    catalog = view.keeping(kept)
    needed = order(catalog.definitions, closure(catalog.definitions, [code]))
    fresh = [it for it in needed if it not in kept]
    found = Problems(relation_problems(catalog, fresh, running=kept))
    for it in fresh:
        found += (*grant_problems(view.catalog, view.catalog[it]), *chain_of(view.catalog[it]).problems)
    found.raise_if_any()
    return needed


def _refuse_misfits(view: View, steps: Sequence[Step], platform_id: int) -> None:
    """Raise `InvalidDefinition` when what these steps bring in does not fit to what runs beside it."""
    codes = tuple(dict.fromkeys(step.code for step in steps))
    found = Problems(company_after(view, steps, platform_id).problems)
    found += running_grant_problems(view.catalog, view.in_force, codes)
    found.raise_if_any()


def company_after(view: View, steps: Sequence[Step], platform_id: int) -> Company:
    """The modules that run once these steps are taken."""
    renewed = {step.code: view.catalog[step.code].definition for step in steps if step.do is Do.INSTALL}
    opened = {step.code for step in steps if step.do is Do.ENABLE}
    here = (view.states.enabled(platform_id) | opened) - {step.code for step in steps if step.do is Do.DISABLE}
    changed = frozenset(step.code for step in steps)
    return Company(view.catalog, {**view.standing, **renewed}, {**view.enabled, platform_id: here}, changed)


def _open(code: str, waiting: Collection[str]) -> Iterator[Step]:
    if code in waiting:
        yield Step(Do.ENABLE, code)


def _renew(view: View, code: str, changed: Collection[str]) -> Iterator[Step]:
    module, row = view.catalog[code], view.states.installation(code)
    content, version = view.fingerprint(module), module.definition.version
    if row.state is not Installed.INSTALLED or row.content_hash != content:
        grants = tuple(_grants(view, code, changed))
        yield Step(Do.INSTALL, code, before=row.version, after=version, content_hash=content, grants=grants)
    if revisions := tuple(view.pending(module)):
        yield Step(Do.MIGRATE, code, revisions)


def _grants(view: View, code: str, changed: Collection[str]) -> Iterator[str]:
    """What the module gets, and what others get of it at last that were installed before and do not change now."""
    after = standing(view.catalog.definitions, view.in_force, changed)
    yield from map(str, grants_to(after, code))
    waited = view.in_force.keys() - set(changed)
    before = grants_on(view.in_force, code)
    for grant in grants_on(after, code):
        if grant.reader in waited and grant not in before:
            yield f"{grant} → {grant.reader}"


def _elsewhere(view: View, steps: Sequence[Step], platform_id: int) -> Iterator[str]:
    for step in steps:
        if step.do is not Do.INSTALL:
            continue
        others = [
            str(platform) for (code, platform), row in sorted(view.states.activations.items())
            if code == step.code and platform != platform_id and row.state is Active.ENABLED
        ]  # fmt: skip
        if others:
            yield f"{step.code} is enabled on platform {', '.join(others)}, where the new content will run too"
