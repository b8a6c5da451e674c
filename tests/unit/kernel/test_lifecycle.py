from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import CODES, catalog, rule_abiding_catalogs

from klods.errors import (
    AlreadyRunning,
    CoreModule,
    HookFailed,
    InvalidConfig,
    KlodsError,
    MigrationFailed,
    PartFailed,
    StalePlan,
)
from klods.kernel.catalog import Catalog
from klods.kernel.plan import Action
from klods.kernel.state import Activation, Active, Installed, Reason
from klods.testing.memory import MemoryHub

CHAIN = {"a": ["b"], "b": ["c"], "c": []}


def hub(requires: dict[str, list[str]] | None = None, **fields: object) -> MemoryHub:
    return MemoryHub(catalog(requires or {"a": []}, **fields), revisions={})


def switch(hub: MemoryHub, action: Action, code: str = "a", platform_id: int = 1):
    return hub.lifecycle.apply(hub.lifecycle.plan(action, code, platform_id), actor="test")


def redefine(hub: MemoryHub, code: str = "a", **fields: object) -> None:
    modules = [
        replace(module, definition=replace(module.definition, **fields)) if module.code == code else module
        for module in hub.catalog.values()
    ]
    hub.catalog = Catalog(modules)


def told(hub: MemoryHub) -> list[str]:
    return [f"{entry.action} {entry.code}: {entry.outcome}" for entry in hub.store.log]


def fail(platform_id: int) -> None:
    raise RuntimeError(f"no luck on {platform_id}")


def test_enabling_leaves_state_history_and_generation_behind():
    it = hub(CHAIN)
    it.migrator.revisions = {"b": ["b_001"]}
    outcome = switch(it, Action.ENABLE)
    assert it.states.enabled(1) == {"a", "b", "c"}
    assert it.states.installation("a").state is Installed.INSTALLED
    assert it.migrator.applied == {"b": ("b_001",)}
    assert (outcome.generation, it.states.generation, it.processes.waited) == (1, 1, [1])
    assert told(it) == ["enable c: done", "enable b: done", "enable a: done"]


def test_late_processes_are_named_in_the_outcome():
    it = hub()
    it.processes.late = ("web-2",)
    assert switch(it, Action.ENABLE).late == ("web-2",)
    assert switch(it, Action.DISABLE).late == ("web-2",)


def test_every_module_is_tried_in_a_child_beside_what_it_needs():
    it = hub(CHAIN)
    switch(it, Action.ENABLE)
    assert it.probe.tried == [("c", ()), ("b", ("c",)), ("a", ("c", "b"))]


def test_an_empty_plan_changes_nothing():
    it = hub()
    switch(it, Action.ENABLE)
    assert switch(it, Action.ENABLE).generation == 1
    assert it.states.generation == 1


def test_the_hook_is_told_the_platform():
    it, seen = hub(), []
    redefine(it, on_enable=seen.append)
    switch(it, Action.ENABLE, platform_id=7)
    assert seen == [7]
    assert it.store.hooks == [("a", 7)]


@pytest.mark.parametrize("change", ["states", "content", "catalog", "migrations"])
def test_a_plan_that_no_longer_fits_is_refused(change):
    it = hub({"a": [], "b": []})
    plan = it.lifecycle.plan(Action.ENABLE, "a", 1)
    if change == "states":
        switch(it, Action.ENABLE)
    elif change == "content":
        it.contents.hashes["a"] = "edited"
    elif change == "catalog":
        redefine(it, requires=("b",))
    else:
        it.migrator.revisions = {"a": ["a_001"]}
    before = it.states
    with pytest.raises(StalePlan):
        it.lifecycle.apply(plan, actor="test")
    assert it.states == before


def test_a_token_of_another_plan_is_refused():
    it = hub()
    plan = it.lifecycle.plan(Action.ENABLE, "a", 1)
    with pytest.raises(StalePlan):
        it.lifecycle.apply(plan, actor="test", token="seen-before")
    assert it.lifecycle.apply(plan, actor="test", token=plan.token).generation == 1


def test_content_that_changes_between_plan_and_copy_is_refused():
    it = hub()
    plan = it.lifecycle.plan(Action.ENABLE, "a", 1)
    it.contents.approve = lambda module: "something else"
    with pytest.raises(StalePlan):
        it.lifecycle.apply(plan, actor="test")
    assert not it.states.installations


def test_states_that_change_during_the_preparation_are_noticed_under_the_lock():
    it = hub()
    plan = it.lifecycle.plan(Action.ENABLE, "a", 1)
    others = MemoryHub(it.catalog, revisions={})
    switch(others, Action.ENABLE)
    it.probe.try_parts = lambda source, needed: setattr(it.store, "states", others.states)
    with pytest.raises(StalePlan):
        it.lifecycle.apply(plan, actor="test")
    assert it.states == others.states


def broken_hub(how: str) -> MemoryHub:
    """A hub where b is at fault; a needs b, b needs c."""
    it = hub(CHAIN)
    it.migrator.revisions = {"c": ["c_001"], "b": ["b_001"]}
    if how == "import":
        it.probe.failing["b"] = "SyntaxError (backend/router.py:1)"
    elif how == "migration":
        it.migrator.failing["b_001"] = "syntax error"
    elif how == "hook":
        redefine(it, "b", on_enable=fail)
    else:
        redefine(it, "b", default_config={"limit": 5})
        it.lifecycle = replace(it.lifecycle, environment={"b": {"limit": "many"}})
    return it


FAULTS = {"import": PartFailed, "migration": MigrationFailed, "hook": HookFailed, "config": InvalidConfig}


@pytest.mark.parametrize("how", FAULTS)
def test_a_failure_rolls_everything_back_and_says_why(how):
    it = broken_hub(how)
    with pytest.raises(FAULTS[how]):
        switch(it, Action.ENABLE)
    states = it.states
    assert states.enabled(1) == set()
    assert it.migrator.applied == {}
    assert "c" not in states.installations
    assert (states.installation("b").state, states.installation("b").reason) == (Installed.FAILED, Reason(how))
    assert states.activation("b", 1).reason is Reason(how)
    assert (states.activation("a", 1).reason, states.activation("a", 1).detail) == (Reason.BLOCKED_BY, "b")
    assert ("c", 1) not in states.activations
    assert told(it) == ["enable b: failed"]


@pytest.mark.parametrize("how", FAULTS)
def test_a_mended_module_can_be_enabled_and_nothing_of_the_failure_stays(how):
    it = broken_hub(how)
    with pytest.raises(KlodsError):
        switch(it, Action.ENABLE)
    it.probe.failing.clear()
    it.migrator.failing.clear()
    redefine(it, "b", on_enable=None, default_config={})
    switch(it, Action.ENABLE)
    assert it.states.enabled(1) == {"a", "b", "c"}
    assert all(row.reason is None for row in (*it.states.installations.values(), *it.states.activations.values()))


def test_the_line_of_the_hook_is_named():
    it = hub()
    folder = it.catalog["a"].source.folder
    redefine(it, on_enable=_compiled(folder / "definition.py", "\n\ndef hook(platform_id):\n    return 1 / 0\n"))
    with pytest.raises(HookFailed, match=r"ZeroDivisionError.*definition.py:4"):
        switch(it, Action.ENABLE)


def _compiled(path, text):
    namespace: dict = {}
    exec(compile(text, str(path), "exec"), namespace)
    return namespace["hook"]


def test_a_hook_that_ends_the_process_is_only_a_failed_hook():
    it = hub()
    redefine(it, on_enable=lambda platform: exit(1))
    with pytest.raises(HookFailed, match="ended the process"):
        switch(it, Action.ENABLE)


def test_a_failed_upgrade_leaves_what_runs_elsewhere_alone():
    it = hub()
    switch(it, Action.ENABLE, platform_id=2)
    installed = it.states.installation("a")
    it.contents.hashes["a"] = "new"
    it.probe.failing["a"] = "boom"
    with pytest.raises(PartFailed):
        switch(it, Action.ENABLE, platform_id=1)
    assert it.states.installation("a") == installed
    assert it.states.enabled(2) == {"a"}
    assert it.states.activation("a", 1).reason is Reason.IMPORT


def test_an_error_that_is_no_module_s_fault_blames_none():
    it = hub()
    it.store.change = _refuse
    with pytest.raises(AlreadyRunning):
        switch(it, Action.ENABLE)
    assert not it.states.installations


def _refuse():
    raise AlreadyRunning


def test_disabling_closes_the_gates_before_any_hook_runs():
    it, seen = hub(CHAIN), []
    switch(it, Action.ENABLE)
    for code in CHAIN:
        redefine(it, code, on_disable=lambda platform, code=code: seen.append(code))
    it.processes.meanwhile = lambda: seen.append({row.state for row in it.states.activations.values()})
    outcome = switch(it, Action.DISABLE, "c")
    assert seen == [{Active.DISABLING}, "a", "b", "c"]
    assert {row.state for row in it.states.activations.values()} == {Active.DISABLED}
    assert (outcome.generation, it.processes.waited) == (3, [1, 2])


def test_a_hook_cannot_keep_its_module_from_being_disabled():
    it = hub(CHAIN)
    switch(it, Action.ENABLE)
    redefine(it, "b", on_disable=fail)
    outcome = switch(it, Action.DISABLE, "c")
    assert it.states.enabled(1) == set()
    row = it.states.activation("b", 1)
    assert (row.state, row.reason) == (Active.DISABLED, Reason.HOOK)
    assert "no luck on 1" in row.detail
    (problem,) = outcome.problems
    assert problem.warning
    assert it.states.activation("a", 1).reason is None


def test_a_module_without_files_can_be_disabled():
    it = hub()
    switch(it, Action.ENABLE)
    it.catalog = Catalog()
    switch(it, Action.DISABLE)
    row = it.states.activation("a", 1)
    assert (row.state, row.reason) == (Active.DISABLED, Reason.IMPORT)


def test_core_modules_refuse():
    it = hub(core=frozenset("a"))
    switch(it, Action.ENABLE)
    with pytest.raises(CoreModule):
        switch(it, Action.DISABLE)


def test_who_enables_again_between_the_two_changes_wins():
    it = hub()
    switch(it, Action.ENABLE)

    def enable_again() -> None:
        with it.store.change() as change:
            change.save(Activation("a", 1, Active.DISABLED))
            change.save(Activation("a", 1, Active.ENABLED))

    it.processes.meanwhile = enable_again
    switch(it, Action.DISABLE)
    assert it.states.enabled(1) == {"a"}


def test_a_change_that_runs_meanwhile_is_waited_for():
    it = hub()
    switch(it, Action.ENABLE)
    real, turns = it.store.change, iter(["close", "refuse", "finish"])

    def change():
        if next(turns) == "refuse":
            raise AlreadyRunning
        return real()

    it.store.change = change
    switch(it, Action.DISABLE)
    assert it.states.activation("a", 1).state is Active.DISABLED


@pytest.mark.parametrize("half", [Active.ENABLING, Active.DISABLING])
def test_what_a_crash_left_half_switched_is_disabled_at_the_start(half):
    it = hub({"a": [], "b": []})
    switch(it, Action.ENABLE, "b")
    it.store.states = replace(it.states, activations={**it.states.activations, ("a", 1): Activation("a", 1, half)})
    assert it.lifecycle.recover() == ("a",)
    assert it.states.activation("a", 1).state is Active.DISABLED
    assert it.states.enabled(1) == {"b"}
    assert told(it)[-1] == "recover a: done"


def test_recovering_from_nothing_changes_nothing():
    it = hub()
    assert it.lifecycle.recover() == ()
    assert it.states.generation == 0


def test_a_crash_between_the_two_changes_of_a_disabling_is_repaired():
    it = hub()
    switch(it, Action.ENABLE)
    it.processes.meanwhile = lambda: exit(9)
    with pytest.raises(SystemExit):
        switch(it, Action.DISABLE)
    assert it.states.activation("a", 1).state is Active.DISABLING
    it.lifecycle.recover()
    assert it.states.activation("a", 1).state is Active.DISABLED


def test_migrating_an_enabled_module_takes_its_new_content_along():
    it = hub()
    switch(it, Action.ENABLE)
    it.contents.hashes["a"], it.migrator.revisions = "new", {"a": ["a_001"]}
    switch(it, Action.MIGRATE)
    assert it.migrator.applied == {"a": ("a_001",)}
    assert it.states.installation("a").content_hash == "new"
    assert it.states.enabled(1) == {"a"}


def test_a_failed_migration_of_a_running_module_leaves_it_running():
    it = hub()
    switch(it, Action.ENABLE)
    before = it.states
    it.contents.hashes["a"], it.migrator.revisions, it.migrator.failing = "new", {"a": ["a_001"]}, {"a_001": "no"}
    with pytest.raises(MigrationFailed):
        switch(it, Action.MIGRATE)
    assert (it.states.installations, it.states.activations) == (before.installations, before.activations)
    assert told(it)[-1] == "migrate a: failed"


def test_config_from_the_environment_is_checked_before_the_hook():
    it, seen = broken_hub("config"), []
    redefine(it, "b", on_enable=seen.append)
    with pytest.raises(InvalidConfig, match="MODULES__B__LIMIT"):
        switch(it, Action.ENABLE)
    assert seen == []


@given(rule_abiding_catalogs(), st.sampled_from(CODES), st.sets(st.sampled_from(CODES)))
def test_enabling_then_disabling_what_was_enabled_restores_the_states(found, code, before):
    it = MemoryHub(found, revisions={})
    for other in sorted(before):
        switch(it, Action.ENABLE, other)
    enabled = it.states.enabled(1)
    plan = it.lifecycle.plan(Action.ENABLE, code, 1)
    it.lifecycle.apply(plan, actor="test")
    fresh = [step.code for step in plan if step.do == "enable"]
    if any(found[it].definition.is_core for it in fresh):
        return
    for other in reversed(fresh):
        switch(it, Action.DISABLE, other)
    assert it.states.enabled(1) == enabled
    assert all(row.state in (Active.ENABLED, Active.DISABLED) for row in it.states.activations.values())


def test_what_is_between_its_two_changes_is_not_taken_for_a_crash():
    it = hub()
    switch(it, Action.ENABLE)
    it.processes.meanwhile = lambda: found.append(it.lifecycle.recover())
    found: list[tuple[str, ...]] = []
    switch(it, Action.DISABLE)
    assert found == [()]


def test_one_action_runs_at_a_time():
    it = hub()
    plan = it.lifecycle.plan(Action.ENABLE, "a", 1)
    with it.store.alone(), pytest.raises(AlreadyRunning):
        it.lifecycle.apply(plan, actor="somebody")
    it.lifecycle.apply(plan, actor="somebody")


def test_what_both_sides_agree_on_is_granted_when_either_side_comes():
    it = hub({"a": ["b"], "b": []})
    redefine(it, "a", reads={"b_items": ("id", "name")}, references=("b_items",))
    redefine(it, "b", exports={"b_items": ("id", "name")})
    switch(it, Action.ENABLE)
    assert list(map(str, it.store.grants["a"])) == ["read b_items (id, name)", "reference b_items (id)"]
    assert it.store.grants["b"] == ()


def test_a_reader_that_only_stands_in_its_folder_is_given_nothing_yet():
    it = hub({"a": ["b"], "b": []})
    redefine(it, "a", reads={"b_items": ("id",)})
    redefine(it, "b", exports={"b_items": ("id",)})
    switch(it, Action.ENABLE, "b")
    assert "a" not in it.store.grants
    switch(it, Action.ENABLE, "a")
    assert list(map(str, it.store.grants["a"])) == ["read b_items (id)"]


def test_a_reader_that_is_installed_gets_what_its_owner_comes_to_export():
    it = hub({"a": ["b"], "b": []})
    redefine(it, "a", reads={"b_items": ("id",)})
    redefine(it, "b", exports={"b_items": ("id",)})
    switch(it, Action.ENABLE)
    it.store.grants.clear()
    redefine(it, "b", exports={"b_items": ("id", "name")}, version="2.0.0")
    switch(it, Action.ENABLE, "b")
    assert list(map(str, it.store.grants["a"])) == ["read b_items (id)"]
