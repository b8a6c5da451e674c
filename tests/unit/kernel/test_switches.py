"""The safety switches: what is in force, what a request may do, and how a module goes live."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import catalog

from klods.errors import KeptSafe, NoSuchModule, NotLive, ReadOnlyModule, StalePlan, UnclearDryRun
from klods.kernel.definition import ModuleDefinition
from klods.kernel.overview import Known, find
from klods.kernel.plan import Action, Do
from klods.kernel.state import StoredSwitches
from klods.kernel.switches import LIVE, Mode, Switches, asked_for, effective, later_mode, mode_of
from klods.testing.memory import MemoryHub

SAYS = (True, False, None)
WORDS = {True: "on", False: "off"}


def in_force(default: bool, stored: bool | None, environment: bool | None) -> bool:
    definition = ModuleDefinition(code="shop-desk", name="Shop", read_only=default, dry_run=False)
    said = {} if environment is None else {"shop_desk": {"read_only": WORDS[environment]}}
    return effective(definition, StoredSwitches("shop-desk", 1, read_only=stored), said).read_only


@pytest.mark.parametrize(("default", "stored", "environment"), list(product((True, False), SAYS, SAYS)))
def test_an_explicit_on_wins_then_an_explicit_off_then_the_definition(default, stored, environment):
    found = in_force(default, stored, environment)
    if True in (stored, environment):
        assert found is True
    elif False in (stored, environment):
        assert found is False
    else:
        assert found is default


def test_a_new_module_starts_with_both_switches_on():
    assert effective(ModuleDefinition(code="shop", name="Shop"), StoredSwitches("shop", 1), {}) == Switches(True, True)


def test_a_word_that_nobody_understands_keeps_a_switch_on():
    definition = ModuleDefinition(code="shop", name="Shop", read_only=False, dry_run=False)
    assert effective(definition, StoredSwitches("shop", 1, False, False), {"shop": {"dry_run": "flase"}}).dry_run


EVERYTHING = list(product((True, False), (True, False), (True, False), (True, False), SAYS))


@pytest.mark.parametrize(("read_only", "dry_run", "unsafe", "reads_only", "asked"), EVERYTHING)
def test_every_request_has_one_mode_or_one_refusal(read_only, dry_run, unsafe, reads_only, asked):
    switches = Switches(read_only, dry_run)

    def mode():
        return mode_of("shop", switches, unsafe=unsafe, reads_only=reads_only, asked=asked)

    if asked is False and not switches.live:
        with pytest.raises(NotLive):
            mode()
    elif dry_run or asked is True:
        assert mode() is Mode.DRY
    elif read_only and unsafe and not reads_only:
        with pytest.raises(ReadOnlyModule) as refusal:
            mode()
        assert "klods module live shop" in refusal.value.advice
    else:
        assert mode() is (Mode.READ_ONLY if read_only else Mode.LIVE)


@given(
    st.lists(st.sampled_from(["true", "TRUE", " true ", "false", "False"])),
    st.lists(st.sampled_from(["true", "false"])),
)
def test_what_is_asked_is_clear_or_refused(queries, headers):
    meant = {word.strip().lower() for word in (*queries, *headers)}
    if len(meant) > 1:
        with pytest.raises(UnclearDryRun, match="both"):
            asked_for(queries, headers)
    else:
        assert asked_for(queries, headers) is ({"true": True, "false": False}[meant.pop()] if meant else None)


@pytest.mark.parametrize("word", ["", "1", "yes", "dry", "x" * 500])
def test_another_word_than_true_and_false_is_refused(word):
    with pytest.raises(UnclearDryRun) as refusal:
        asked_for([word], [])
    assert len(str(refusal.value)) < 200


def hub(requires=None, **more) -> MemoryHub:
    return MemoryHub(catalog(requires or {"a": []}), **more)


def switch(it: MemoryHub, action: Action, code: str = "a", platform_id: int = 1):
    return it.lifecycle.apply(it.lifecycle.plan(action, code, platform_id), actor="ada", why="it works")


def mode(it: MemoryHub, code: str = "a", platform_id: int = 1) -> str:
    return find(it.lifecycle.known(it.catalog, it.states), code, platform_id).mode


def test_going_live_and_back_is_stored_logged_and_told():
    it = hub()
    switch(it, Action.ENABLE)
    assert mode(it) == "dry_run"
    outcome = switch(it, Action.LIVE)
    assert (mode(it), outcome.generation, it.processes.waited) == ("live", 2, [1, 2])
    assert it.states.stored_switches("a", 1) == StoredSwitches("a", 1, read_only=False, dry_run=False)
    switch(it, Action.HOLD)
    assert mode(it) == "dry_run"
    told = [(entry.action, entry.actor, entry.before, entry.after, entry.why) for entry in it.store.log[1:]]
    assert told == [("live", "ada", "dry_run", "live", "it works"), ("hold", "ada", "live", "dry_run", "it works")]


def test_going_live_runs_no_code_of_the_module():
    it = hub()
    switch(it, Action.ENABLE)
    it.probe.tried.clear()
    it.probe.failing["a"] = "broken meanwhile"
    switch(it, Action.LIVE)
    assert (mode(it), it.probe.tried) == ("live", [])


def test_what_is_live_already_has_an_empty_plan():
    it = hub()
    switch(it, Action.LIVE)
    assert not it.lifecycle.plan(Action.LIVE, "a", 1)
    switch(it, Action.HOLD)
    assert not it.lifecycle.plan(Action.HOLD, "a", 1)


def test_each_platform_goes_live_by_itself():
    it = hub()
    switch(it, Action.LIVE, platform_id=2)
    assert (mode(it, platform_id=1), mode(it, platform_id=2)) == ("dry_run", "live")


@pytest.mark.parametrize("variable", ["read_only", "dry_run"])
@pytest.mark.parametrize("action", [Action.LIVE, Action.ENABLE_LIVE])
def test_what_the_environment_keeps_safe_cannot_go_live(variable, action):
    it = hub(environment={"a": {variable: "true"}})
    with pytest.raises(KeptSafe, match=f"MODULES__A__{variable.upper()}"):
        it.lifecycle.plan(action, "a", 1)


def test_an_environment_that_says_off_makes_a_module_live_and_hold_still_holds_it():
    it = hub(environment={"a": {"read_only": "false", "dry_run": "false"}})
    assert mode(it) == "live"
    switch(it, Action.HOLD)
    assert mode(it) == "dry_run"


def test_enabling_live_is_one_plan_and_leaves_what_is_needed_dry():
    it = hub({"a": ["b"], "b": []})
    plan = it.lifecycle.plan(Action.ENABLE_LIVE, "a", 1)
    assert [(step.do, step.code) for step in plan][-2:] == [(Do.ENABLE, "a"), (Do.LIVE, "a")]
    assert plan.warnings == ("b is not live",)
    it.lifecycle.apply(plan, actor="ada")
    assert (mode(it, "a"), mode(it, "b"), it.states.enabled(1)) == ("live", "dry_run", {"a", "b"})


def test_who_calls_and_who_is_called_is_warned_of_a_half_that_would_be_undone():
    it = hub({"a": ["b"], "b": []})
    switch(it, Action.ENABLE)
    assert it.lifecycle.plan(Action.LIVE, "a", 1).warnings == ("b is not live: what a asks of it is tried and undone",)
    assert it.lifecycle.plan(Action.LIVE, "b", 1).warnings == ()
    switch(it, Action.LIVE, "b")
    switch(it, Action.LIVE, "a")
    assert it.lifecycle.plan(Action.HOLD, "b", 1).warnings == ("a is live: what it asks of b is tried and undone",)
    assert it.lifecycle.plan(Action.HOLD, "a", 1).warnings == ()


def test_a_plan_to_go_live_is_stale_once_somebody_was_faster():
    it = hub()
    plan = it.lifecycle.plan(Action.LIVE, "a", 1)
    switch(it, Action.LIVE)
    with pytest.raises(StalePlan):
        it.lifecycle.apply(plan, actor="ada")


def test_an_unknown_module_cannot_go_live():
    with pytest.raises(NoSuchModule):
        hub().lifecycle.plan(Action.LIVE, "z", 1)


def test_a_list_goes_by_the_content_that_runs_and_not_by_an_edit_that_waits():
    it = hub()
    edited = {"a": ModuleDefinition(code="a", name="A")}
    open_now = ModuleDefinition(code="a", name="A", read_only=False, dry_run=False)
    known = Known(it.catalog, it.states, {"a": open_now})
    assert (find(known, "a", 1).mode, find(Known(it.catalog, it.states, edited), "a", 1).mode) == ("live", "dry_run")


@given(st.sampled_from(Mode), st.sampled_from(Mode))
def test_of_two_modes_the_one_that_keeps_less_holds(one, other):
    order = [Mode.LIVE, Mode.READ_ONLY, Mode.DRY]
    assert one.and_at_least(other) is order[max(order.index(one), order.index(other))]


@pytest.mark.parametrize(
    ("switches", "least", "asked", "mode"),
    [
        (LIVE, Mode.LIVE, None, Mode.LIVE),
        (LIVE, Mode.LIVE, False, Mode.LIVE),
        (LIVE, Mode.LIVE, True, Mode.DRY),
        (LIVE, Mode.DRY, None, Mode.DRY),
        (LIVE, Mode.READ_ONLY, None, Mode.READ_ONLY),
        (Switches(), Mode.LIVE, None, Mode.DRY),
        (Switches(read_only=True, dry_run=False), Mode.LIVE, None, Mode.READ_ONLY),
        (Switches(read_only=True, dry_run=False), Mode.DRY, None, Mode.DRY),
    ],
)
def test_what_comes_later_goes_by_the_switches_of_its_moment_and_keeps_no_more_than_it_may(
    switches, least, asked, mode
):
    assert later_mode("shop", switches, least=least, asked=asked) is mode


def test_what_insisted_on_being_live_is_refused_later_too():
    with pytest.raises(NotLive):
        later_mode("shop", Switches(), least=Mode.LIVE, asked=False)
