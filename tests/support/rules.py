"""What must be true of every plan in every random hub; the unit tests try it a little, the long ones thoroughly."""

from dataclasses import asdict, replace

from support.worlds import World, broken_rules, needing, reached

from klods.errors import AlreadyRunning, CannotUndo, CoreModule, InvalidDefinition
from klods.kernel.history import DONE
from klods.kernel.plan import Action, Do, Intent, Plan
from klods.kernel.planning import make_plan
from klods.kernel.ports import LogEntry
from klods.testing.memory import MemoryLog


def planned(world: World, action: Action, code: str, platform: int) -> Plan | None:
    """The plan, or None when it was refused with a reason."""
    try:
        return make_plan(world.view, Intent(action, code, platform))
    except InvalidDefinition as error:
        return _refused(error.data["items"])
    except CoreModule as error:
        return _refused(error.data["module"])
    except AlreadyRunning as error:
        raise AssertionError("nothing was half switched") from error


def _refused(reasons: object) -> None:
    assert reasons, "it was refused without a reason"


def rules_stay_true(world: World, action: Action, code: str, platform: int) -> None:
    """After any plan the rules hold on every platform, and it did what was asked for."""
    assert not list(broken_rules(world.installed, world.enabled))
    plan = planned(world, action, code, platform)
    if plan is None:
        return
    after = world.after(plan)
    assert not list(broken_rules(after.installed, after.enabled))
    assert {it: codes for it, codes in after.enabled.items() if it != platform} == {
        it: codes for it, codes in world.enabled.items() if it != platform
    }
    before, now = world.enabled[platform], after.enabled[platform]
    if action is Action.ENABLE:
        assert now == before | {code} | reached({**after.installed}, code)
    elif action is Action.DISABLE:
        assert before - now == (needing(world.installed, before, code) if code in before else set())
        assert not any(world.installed[it].is_core for it in before - now)
    else:
        assert now == before


def enabling_and_disabling_changes_nothing(world: World, code: str, platform: int) -> bool:
    """Where a module can be enabled alone, disabling it afterwards gives the states from before; False where it cannot."""
    plan = planned(world, Action.ENABLE, code, platform)
    if plan is None or plan.doing(Do.ENABLE) != (code,):
        return False
    after = world.after(plan)
    back = planned(after, Action.DISABLE, code, platform)
    if back is None:
        assert world.folders[code].is_core
        return False
    assert after.after(back).enabled == world.enabled
    return True


def undoing_gives_the_states_from_before(world: World, action: Action, code: str, platform: int) -> bool:
    """Whatever was switched, to undo its entry at once switches the same back; False where nothing was switched."""
    plan = planned(world, action, code, platform)
    if plan is None or not (plan.doing(Do.ENABLE) or plan.doing(Do.DISABLE)):
        return False
    log, after = MemoryLog(), world.after(plan)
    log.keep([LogEntry("ada", action, it, platform, DONE, asdict(plan)) for it in dict.fromkeys(s.code for s in plan)])
    try:
        back = make_plan(replace(after.view, log=log), Intent(Action.UNDO, "", platform))
    except InvalidDefinition as error:
        _refused(error.data["items"])
        return False
    except CannotUndo as error:
        upgraded = set(plan.doing(Do.INSTALL)).difference(plan.doing(Do.ENABLE))
        core = any(after.installed[it].is_core for it in plan.doing(Do.ENABLE))
        # New content stays, so what it needs cannot be taken away, and what it needs besides is not enabled again.
        if action is Action.DISABLE or upgraded or core:
            return False
        raise AssertionError(plan) from error
    restored = after.after(back)
    assert restored.enabled == world.enabled
    assert not list(broken_rules(restored.installed, restored.enabled))
    return True


def rings_are_named(world: World, code: str) -> bool:
    """Where nothing is enabled, a module that needs a ring is refused, and the ring is shown; False where it needs none."""
    alone = World(world.folders, {}, dict.fromkeys(world.enabled, frozenset()))
    on_rings = {it for it in {code, *reached(world.folders, code)} if it in reached(world.folders, it)}
    try:
        make_plan(alone.view, Intent(Action.ENABLE, code, 1))
    except InvalidDefinition as error:
        shown = [it.message.removeprefix("needs itself: ") for it in error.data["items"] if it.rule == "ring"]
    else:
        shown = []
    assert {it for ring in shown for it in ring.split(" → ")} == on_rings
    for ring in shown:
        *line, last = ring.split(" → ")
        assert last == line[0]
        assert all(after in world.folders[it].required_codes for it, after in zip(line, (*line[1:], last), strict=True))
    return bool(on_rings)
