"""Carries out a plan that disables: the gates close first, the hooks come after, and nothing can stop it."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from klods.errors import AlreadyRunning, CommitFailed, HookFailed, KlodsError, NoDatabase
from klods.kernel.catalog import Module
from klods.kernel.enabling import HookPlace, Task, grant_wish, refuse_stale, run_hook, turn
from klods.kernel.history import Acknowledgement
from klods.kernel.plan import Do
from klods.kernel.ports import Change
from klods.kernel.problems import Problem, Problems
from klods.kernel.state import Activation, Active, Reason, may_move
from klods.kernel.world import World

log = logging.getLogger(__name__)

_PATIENCE = 3
"""How often a change that runs meanwhile is waited for, each time as long as the store waits for its lock."""


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """What came of it: the generation, which processes have closed their gates, and what the hooks raised."""

    generation: int
    acknowledgement: Acknowledgement
    problems: Problems


def switch_off(world: World, task: Task) -> SwitchedOff:
    """Close the gates, wait for the processes, run `on_disable` of each module; what hooks raise is stored beside it."""
    closed = _close(world, task)
    try:
        return _patiently(partial(_finish, world, task, closed))
    except (CommitFailed, NoDatabase) as error:
        # Hooks work in the transaction that stores the states, and one of them may have broken it.
        log.warning("%s: disabling again, without on_disable: %s", task.plan.target, error)
        return _patiently(partial(_finish, world, task, closed, broken=str(error)))


def _patiently(finish: Callable[[], SwitchedOff]) -> SwitchedOff:
    for _ in range(_PATIENCE):
        try:
            return finish()
        except AlreadyRunning:
            log.warning("another change is running; trying to end the disabling again")
    return finish()


def _finish(world: World, task: Task, closed: Acknowledgement, *, broken: str = "") -> SwitchedOff:
    platform_id = task.plan.platform_id
    problems: list[Problem] = []
    with world.states.change() as change:
        states = change.states()
        for code in task.plan.doing(Do.DISABLE):
            if states.activation(code, platform_id).state is Active.ENABLED:
                continue
            row = _not_run(code, platform_id, broken) if broken else _leave(world, task, change, code)
            change.save(row)
            change.log(task.entry(code, "done", before=Active.ENABLED.value, after=row.detail or row.state.value))
            problems += _told(row)
        for step in task.plan:
            if step.do in (Do.LIVE, Do.HOLD):
                turn(change, step, platform_id)
        return SwitchedOff(change.generation, replace(closed, generation=change.generation), Problems(problems))


def _not_run(code: str, platform_id: int, broken: str) -> Activation:
    detail = f"what on_disable of the modules did was undone: {broken}"
    return Activation(code, platform_id, Active.DISABLED, Reason.HOOK, detail)


def _close(world: World, task: Task) -> Acknowledgement:
    with world.states.change() as change:
        states = change.states()
        refuse_stale(world, task, states)
        for code in task.plan.doing(Do.DISABLE):
            if code in task.catalog:
                grant_wish(change, task.catalog[code].definition)
            if may_move(states.activation(code, task.plan.platform_id).state, Active.DISABLING):
                change.save(Activation(code, task.plan.platform_id, Active.DISABLING))
        generation = change.generation
    return world.processes.wait(generation, world.seconds)


def _leave(world: World, task: Task, change: Change, code: str) -> Activation:
    platform_id = task.plan.platform_id
    try:
        hashes = {it: row.content_hash for it, row in change.states().installations.items()}
        *needed, module = world.approved(task.catalog, code, hashes)
        with world.load([module], needed) as live:
            if (hook := live[code].definition.on_disable) is not None:
                run_hook(change, module, hook, at=HookPlace(platform_id, _by_code(needed)), name="on_disable")
    except KlodsError as error:
        log.info("%s is disabled, but: %s", code, error)
        reason = Reason.HOOK if isinstance(error, HookFailed) else Reason.IMPORT
        return Activation(code, platform_id, Active.DISABLED, reason, str(error).removeprefix(f"{code}: "))
    return Activation(code, platform_id, Active.DISABLED)


def _by_code(modules: Sequence[Module]) -> Mapping[str, Module]:
    return {module.code: module for module in modules}


def _told(row: Activation) -> Iterator[Problem]:
    if row.detail:
        yield Problem(row.code, "on_disable", row.detail, warning=True)
