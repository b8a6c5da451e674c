import pytest
from support.graphs import catalog

from klods.errors import CannotUndo, NoSuchEntry, NothingToUndo, StalePlan
from klods.kernel.plan import Action, Intent
from klods.kernel.state import StoredSwitches
from klods.testing.memory import MemoryHub

CHAIN = {"a": ["b"], "b": [], "z": ["b"]}


def hub(requires=None, **fields) -> MemoryHub:
    return MemoryHub(catalog(requires or CHAIN, **fields), revisions={})


def switch(it: MemoryHub, action: Action, code: str, platform_id: int = 1) -> None:
    it.lifecycle.apply(it.lifecycle.plan(action, code, platform_id), actor="ada")


def plan(it: MemoryHub, entry: int = 0, platform_id: int = 1, target: str = ""):
    return it.lifecycle.plan_for(Intent(Action.UNDO, target, platform_id, entry=entry))


def undo(it: MemoryHub, entry: int = 0) -> list[str]:
    made = plan(it, entry)
    it.lifecycle.apply(made, actor="bob", why="a mistake")
    return [f"{step.do} {step.code}" for step in made]


def against(it: MemoryHub, entry: int) -> tuple[str, ...]:
    with pytest.raises(CannotUndo) as caught:
        plan(it, entry)
    return caught.value.data["items"]


def test_undoing_an_enabling_disables_exactly_what_it_enabled():
    it = hub()
    switch(it, Action.ENABLE, "b")
    before = it.states.enabled(1)
    switch(it, Action.ENABLE, "a")
    assert undo(it) == ["disable a"]
    assert it.states.enabled(1) == before
    newest = it.lifecycle.log.read()[0]
    assert (newest.action, newest.undoes, newest.actor, newest.why) == ("undo", 2, "bob", "a mistake")
    assert it.lifecycle.log.find(2).undone_by == 3


def test_undoing_a_disabling_enables_the_dependents_too():
    it = hub()
    switch(it, Action.ENABLE, "a")
    switch(it, Action.ENABLE, "z")
    switch(it, Action.DISABLE, "b")
    assert it.states.enabled(1) == set()
    assert undo(it) == ["enable b", "enable a", "enable z"]
    assert it.states.enabled(1) == {"a", "b", "z"}


def test_one_undo_after_the_other_goes_back_in_time():
    it = hub()
    switch(it, Action.ENABLE, "b")
    switch(it, Action.ENABLE, "a")
    switch(it, Action.DISABLE, "a")
    assert undo(it) == ["enable a"]
    assert undo(it) == ["disable a"]
    assert undo(it) == ["disable b"]
    with pytest.raises(NothingToUndo):
        plan(it)


def test_an_undo_can_be_undone():
    it = hub()
    switch(it, Action.ENABLE, "a")
    undo(it)
    assert undo(it, 2) == ["enable b", "enable a"]
    assert undo(it, 1) == ["disable a", "disable b"]


def test_what_a_later_entry_needs_is_not_taken_away():
    it = hub()
    switch(it, Action.ENABLE, "a")
    switch(it, Action.ENABLE, "z")
    assert against(it, 1) == ("z needs b and is enabled",)


def test_what_somebody_switched_again_is_left_to_them():
    it = hub()
    switch(it, Action.ENABLE, "b")
    switch(it, Action.DISABLE, "b")
    switch(it, Action.ENABLE, "b")
    assert against(it, 1) == ("entry 3 did the same to b again",)


def test_what_is_gone_already_cannot_be_undone():
    it = hub()
    switch(it, Action.ENABLE, "b")
    switch(it, Action.DISABLE, "b")
    assert against(it, 1) == ("nothing of it is left",)


def test_an_entry_is_undone_once():
    it = hub()
    switch(it, Action.ENABLE, "b")
    undo(it)
    assert against(it, 1) == ("entry 2 did that already",)


def test_half_of_a_disabling_comes_back_only_with_what_it_needs():
    it = hub()
    switch(it, Action.ENABLE, "a")
    switch(it, Action.DISABLE, "a")
    switch(it, Action.DISABLE, "b")
    assert against(it, 2) == ("a needs b, which was disabled later",)


def test_a_core_module_is_not_switched_off_by_an_undo():
    it = hub({"a": []}, core=frozenset("a"))
    it.catalog = catalog({"a": []}, frozenset("a"))
    switch(it, Action.ENABLE, "a")
    assert against(it, 1) == ("a is a core module and can be neither disabled nor uninstalled",)


def test_new_content_and_migrations_stay_and_the_plan_says_so():
    it = hub({"a": []})
    it.migrator.revisions = {"a": ["a_001"]}
    switch(it, Action.ENABLE, "a")
    assert plan(it).warnings == (
        "a stays installed at version 1.0.0: content that was brought in is not taken back",
        "what migrations made for a stays: a_001",
    )


def test_an_upgrade_alone_has_no_inverse():
    it = hub({"a": []})
    switch(it, Action.ENABLE, "a")
    it.contents.hashes["a"] = "new"
    switch(it, Action.ENABLE, "a")
    assert against(it, 2) == ("it switched nothing that could be switched back",)


def test_going_live_is_undone_by_holding_and_back():
    it = hub({"a": []})
    switch(it, Action.ENABLE_LIVE, "a")
    switch(it, Action.HOLD, "a")
    assert undo(it) == ["live a"]
    assert undo(it) == ["disable a", "hold a"]
    assert it.states.stored_switches("a", 1) == StoredSwitches("a", 1, read_only=True, dry_run=True)


def test_a_failed_entry_did_nothing():
    it = hub({"a": []})
    it.probe.failing["a"] = "boom"
    with pytest.raises(Exception, match="boom"):
        switch(it, Action.ENABLE, "a")
    assert against(it, 1) == ("it switched nothing that could be switched back",)


def test_an_entry_of_another_platform_is_not_there():
    it = hub({"a": []})
    switch(it, Action.ENABLE, "a", platform_id=2)
    for entry, platform_id in ((1, 1), (9, 1)):
        with pytest.raises(NoSuchEntry):
            plan(it, entry, platform_id)
    assert plan(it, 1, 2).undoes == 1


def test_the_newest_entry_about_a_module_can_be_meant():
    it = hub()
    switch(it, Action.ENABLE, "a")
    switch(it, Action.ENABLE, "z")
    assert (plan(it, target="z").undoes, plan(it).undoes) == (2, 2)
    with pytest.raises(CannotUndo):
        plan(it, target="a")


def test_a_plan_to_undo_goes_stale_like_any_other():
    it = hub()
    switch(it, Action.ENABLE, "b")
    made = plan(it)
    switch(it, Action.DISABLE, "b")
    with pytest.raises((StalePlan, CannotUndo)):
        it.lifecycle.apply(made, actor="bob")


def test_the_log_tells_who_had_followed():
    it = hub({"a": []})
    it.processes.late = ("web-2",)
    switch(it, Action.ENABLE, "a")
    told = it.lifecycle.log.find(1).acknowledgement
    assert told is not None
    assert (told.followed, told.late) == (("web-1",), ("web-2",))
    switch(it, Action.DISABLE, "a")
    assert it.lifecycle.log.find(2).acknowledgement is not None
