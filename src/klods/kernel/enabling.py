"""Carries out a plan that installs, migrates or enables: all of it, or nothing and a reason."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

from klods.errors import (
    Broken,
    GrantFailed,
    HookFailed,
    InvalidConfig,
    MigrationFailed,
    OutsidePrefix,
    PartFailed,
    StalePlan,
    UnreadableSecret,
)
from klods.kernel.catalog import Catalog, Module
from klods.kernel.config import check_config
from klods.kernel.configured import in_clear
from klods.kernel.definition import Hook, ModuleDefinition
from klods.kernel.faults import sentence, where
from klods.kernel.grants import grants_on, grants_to, standing
from klods.kernel.graph import Definitions, dependents
from klods.kernel.plan import Do, Plan, Step
from klods.kernel.planning import make_plan
from klods.kernel.ports import Change, LogEntry
from klods.kernel.state import Activation, Active, Installation, Installed, Reason, States, StoredSwitches
from klods.kernel.world import World

log = logging.getLogger(__name__)

_REASONS: Mapping[type[Exception], Reason] = {
    PartFailed: Reason.IMPORT,
    MigrationFailed: Reason.MIGRATION,
    OutsidePrefix: Reason.MIGRATION,
    GrantFailed: Reason.MIGRATION,
    InvalidConfig: Reason.CONFIG,
    HookFailed: Reason.HOOK,
}


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to be carried out, with what it was made from, and for whom."""

    plan: Plan
    catalog: Catalog
    actor: str
    why: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """The modules that something is done to, in order."""
        return tuple(dict.fromkeys(step.code for step in self.plan))

    def entry(self, code: str, outcome: str, before: str = "", after: str = "") -> LogEntry:
        """The line of the log about one of its modules."""
        plan = self.plan
        return LogEntry(
            self.actor,
            plan.action.value,
            code,
            plan.platform_id,
            outcome,
            asdict(plan),
            before,
            after,
            self.why,
            plan.undoes or None,
        )


def switch_on(world: World, task: Task) -> int:
    """Carry out the plan and return the generation it made.

    When a module is at fault everything is rolled back, the reason is stored in a second change, and the error raised.
    """
    try:
        known = _probed(world, task)
        needed = [module for code, module in known.items() if code not in task.codes]
        with world.load([known[code] for code in task.codes], needed) as live, world.states.change() as change:
            states = change.states()
            refuse_stale(world, task, states)
            in_force = world.in_force(states)
            agreed = standing(task.catalog.definitions, in_force, task.codes)
            about = _Surroundings(HookPlace(task.plan.platform_id, known), agreed)
            for step in task.plan:
                _take(world, change, step, live[step.code], about=about)
            for reader in sorted(_readers(agreed, task.codes) & in_force.keys()):
                change.grant(reader, grants_to(agreed, reader))
            for code in task.codes:
                change.log(_success(task, code))
            return change.generation
    except (Broken, InvalidConfig) as error:
        _record_failure(world, task, error)
        raise


def refuse_stale(world: World, task: Task, states: States) -> None:
    """Raise `StalePlan` unless the same plan would be made from these states."""
    fresh = make_plan(world.view(task.catalog, states), task.plan.intent)
    if fresh.token != task.plan.token:
        raise StalePlan(module=task.plan.target)


def _probed(world: World, task: Task) -> dict[str, Module]:
    """The modules of the plan and those they need, from their approved copies, each of the plan loaded once in a child."""
    hashes = _approve(world, task)
    known: dict[str, Module] = {}
    for code in task.codes:
        *needed, module = world.approved(task.catalog, code, hashes)
        world.probe.try_parts(module.source, [other.source for other in needed])
        known |= {it.code: it for it in (*needed, module)}
    return known


def _approve(world: World, task: Task) -> dict[str, str]:
    """Copy what the plan installs; return the content hash of every module."""
    hashes = {code: row.content_hash for code, row in world.states.read().installations.items()}
    for step in task.plan:
        if step.do is Do.INSTALL:
            hashes[step.code] = world.contents.approve(task.catalog[step.code])
            if hashes[step.code] != step.content_hash:
                raise StalePlan(module=step.code)
    return hashes


def _readers(agreed: Definitions, codes: Collection[str]) -> set[str]:
    """The modules outside the plan that may do something with tables of these."""
    return {grant.reader for code in codes for grant in grants_on(agreed, code)}.difference(codes)


@dataclass(frozen=True, slots=True)
class HookPlace:
    """Where a hook runs: on which platform, and beside which modules that it may call."""

    platform_id: int
    needed: Mapping[str, Module]


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the steps of one plan have in common."""

    hooks: HookPlace
    agreed: Definitions
    """What all installed modules say once the plan is carried out."""


def _take(world: World, change: Change, step: Step, module: Module, *, about: _Surroundings) -> None:
    match step.do:
        case Do.INSTALL:
            row = change.states().installation(step.code)
            _refuse_stored_config(world, change.states(), module)
            change.prepare(module, grants_to(about.agreed, step.code))
            change.save(Installation(step.code, Installed.INSTALLED, step.after, step.content_hash, wish=row.wish))
        case Do.MIGRATE:
            change.migrate(module)
        case Do.ENABLE:
            _enable(world, change, module, about)
        case Do.LIVE | Do.HOLD:
            turn(change, step, about.hooks.platform_id)
        case _:
            raise ValueError(step.do)


def turn_switches(world: World, task: Task) -> int:
    """Carry out a plan that only turns safety switches, for which no code of a module is run; return the generation."""
    with world.states.change() as change:
        refuse_stale(world, task, change.states())
        for step in task.plan:
            turn(change, step, task.plan.platform_id)
            change.log(task.entry(step.code, "done", before=step.before, after=step.after))
        return change.generation


def turn(change: Change, step: Step, platform_id: int) -> None:
    """Store what a person says about the switches of a module."""
    on = step.do is Do.HOLD
    change.save(StoredSwitches(step.code, platform_id, read_only=on, dry_run=on))


def _enable(world: World, change: Change, module: Module, about: _Surroundings) -> None:
    definition, platform_id = module.definition, about.hooks.platform_id
    _check_stored_config(world, change.states(), module, platform_id)
    if definition.on_enable is not None:
        run_hook(change, module, definition.on_enable, at=about.hooks, name="on_enable")
    grant_wish(change, definition)
    change.save(Activation(module.code, platform_id, Active.ENABLED))


def _refuse_stored_config(world: World, states: States, module: Module) -> None:
    """Raise `InvalidConfig` when new content does not take what is stored where the module is enabled."""
    for (code, platform_id), row in states.activations.items():
        if code == module.code and row.state is Active.ENABLED:
            _check_stored_config(world, states, module, platform_id)


def _check_stored_config(world: World, states: States, module: Module, platform_id: int) -> None:
    try:
        stored = in_clear(states.config(module.code, platform_id), world.cipher)
    except UnreadableSecret as error:
        raise InvalidConfig(module=module.code, reason=f"{error} {error.advice}") from error
    check_config(module.definition, world.environment, stored)


def run_hook(change: Change, module: Module, hook: Hook, *, at: HookPlace, name: str) -> None:
    """Run a hook inside the change; raise `HookFailed` with the line of the module's code, whatever it raised."""
    try:
        change.run(module, at.platform_id, partial(hook, at.platform_id), at.needed)
    except (Exception, SystemExit) as error:
        spot = where(error, module.source.folder, otherwise="definition.py")
        raise HookFailed(module=module.code, hook=name, reason=f"{sentence(error)} ({spot})", where=spot) from error


def grant_wish(change: Change, definition: ModuleDefinition) -> None:
    """Remember what ``enabled`` in module.json said when the module was switched, so that it is not acted on again."""
    row = change.states().installation(definition.code)
    if row.wish != definition.wish:
        change.save(replace(row, wish=definition.wish))


def _success(task: Task, code: str) -> LogEntry:
    steps = [step for step in task.plan if step.code == code]
    version = next((step.before for step in steps if step.do is Do.INSTALL), "")
    return task.entry(code, "done", before=version, after=" ".join(step.do.value for step in steps))


def _record_failure(world: World, task: Task, error: Broken | InvalidConfig) -> None:
    log.info("%s: %s failed: %s", task.plan.target, task.plan.action, error)
    code = str(error.data.get("module", ""))
    fault = code if any(step.code == code for step in task.plan) else task.plan.target
    try:
        with world.states.change() as change:
            for row in failure_rows(task, change.states(), fault, error):
                change.save(row)
            change.log(task.entry(fault, "failed", after=str(error)))
    except Exception:
        log.exception("%s: the failure could not be recorded", fault)


def failure_rows(task: Task, states: States, fault: str, error: Exception) -> Iterator[Installation | Activation]:
    """What is stored about a plan that failed: the module at fault, and those of the plan that needed it.

    A module that runs on some platform stays installed with the content that runs.
    """
    reason = next((known for kind, known in _REASONS.items() if isinstance(error, kind)), None)
    detail = str(error).removeprefix(f"{fault}: ")
    plan, row = task.plan, states.installation(fault)
    running = any(it.state is Active.ENABLED for (code, _), it in states.activations.items() if code == fault)
    if not running:
        step = next((step for step in plan if step.code == fault and step.do is Do.INSTALL), None)
        version, content = (step.after, step.content_hash) if step else (row.version, row.content_hash)
        wish = task.catalog[fault].definition.wish
        yield Installation(fault, Installed.FAILED, version, content, reason, detail, wish)
    blocked = dependents(task.catalog.definitions, [fault]) - {fault}
    for code in plan.doing(Do.ENABLE):
        if states.activation(code, plan.platform_id).state is Active.ENABLED:
            continue
        if code == fault:
            yield Activation(code, plan.platform_id, Active.DISABLED, reason, detail)
        elif code in blocked:
            yield Activation(code, plan.platform_id, Active.DISABLED, Reason.BLOCKED_BY, fault)
