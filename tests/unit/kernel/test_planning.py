from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import CODES, any_requires, catalog, rule_abiding_catalogs

from klods.errors import AlreadyRunning, CoreModule, InvalidDefinition, NoSuchModule, SharedTables
from klods.kernel.catalog import Catalog
from klods.kernel.definition import ModuleDefinition
from klods.kernel.plan import Action, Do, Intent, Step
from klods.kernel.planning import make_plan, plan_disable, plan_enable, plan_migrate
from klods.kernel.state import Activation, Active, Installation, Installed, States
from klods.kernel.view import View
from klods.testing.memory import MemoryTables


def stored(enabled: str = "", installed: str = "", platform_id: int = 1, active: Active = Active.ENABLED) -> States:
    rows = {code: Installation(code, Installed.INSTALLED, "1.0.0", "old") for code in {*enabled, *installed}}
    return States(3, rows, {(code, platform_id): Activation(code, platform_id, active) for code in enabled})


def view(
    found: Catalog, states: States | None = None, pending: dict[str, list[str]] | None = None, content: str = "old"
) -> View:
    return View(
        found,
        states or States(),
        lambda module: (pending or {}).get(module.code, []),
        lambda _: content,
        tables=MemoryTables(),
    )


def done(plan) -> list[str]:
    return [f"{step.do} {step.code}" for step in plan]


def refusal(found: Catalog, code: str = "a") -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        plan_enable(view(found), code, 1)
    return [f"{problem.rule}: {problem.module}: {problem.message}" for problem in caught.value.data["items"]]


def test_a_new_module_is_installed_migrated_and_enabled():
    plan = plan_enable(view(catalog({"a": []}), pending={"a": ["a_001", "a_002"]}), "a", 1)
    assert tuple(plan) == (
        Step(Do.INSTALL, "a", before="", after="1.0.0", content_hash="old"),
        Step(Do.MIGRATE, "a", ("a_001", "a_002")),
        Step(Do.ENABLE, "a"),
    )


def test_what_is_needed_is_enabled_first():
    plan = plan_enable(view(catalog({"a": ["b"], "b": ["c"], "c": []}), stored(installed="abc")), "a", 1)
    assert done(plan) == ["enable c", "enable b", "enable a"]


def test_what_is_enabled_already_is_left_alone_even_with_new_content():
    plan = plan_enable(view(catalog({"a": ["b"], "b": []}), stored("b", "a"), {"b": ["b_002"]}, "new"), "a", 1)
    assert done(plan) == ["install a", "enable a"]


def test_new_content_is_brought_in_by_enabling_again():
    plan = plan_enable(view(catalog({"a": []}), stored("a"), {"a": ["a_002"]}, "new"), "a", 1)
    assert done(plan) == ["install a", "migrate a"]


def test_an_enabled_module_needs_no_plan():
    assert not plan_enable(view(catalog({"a": []}), stored("a")), "a", 1)


def test_a_platform_does_not_follow_another():
    assert done(plan_enable(view(catalog({"a": []}), stored("a", platform_id=2)), "a", 1)) == ["enable a"]


def test_new_content_that_runs_elsewhere_too_is_a_warning():
    plan = plan_enable(view(catalog({"a": []}), stored("a", platform_id=2), content="new"), "a", 1)
    assert "platform 2" in plan.warnings[0]


def test_a_failed_module_is_installed_again():
    states = States(1, {"a": Installation("a", Installed.FAILED, "1.0.0", "old")})
    assert done(plan_enable(view(catalog({"a": []}), states), "a", 1)) == ["install a", "enable a"]


def test_a_module_that_is_being_switched_off_cannot_be_switched_on_meanwhile():
    with pytest.raises(AlreadyRunning):
        plan_enable(view(catalog({"a": []}), stored("a", active=Active.DISABLING)), "a", 1)


def test_every_reason_against_enabling_is_given_at_once():
    found = catalog({"a": ["b", "x"], "b": ["a", "c>=2"], "c": []}, core=frozenset("b"))
    assert refusal(found) == [
        "requires: a: requires x, which was not found",
        "ring: a: needs itself: a → b → a",
        "core: b: is a core module and requires a, which is optional",
        "ring: b: needs itself: a → b → a",
        "versions: b: requires c>=2, but c is at version 1.0.0",
    ]


def test_a_ring_elsewhere_does_not_matter():
    assert plan_enable(view(catalog({"a": [], "b": ["c"], "c": ["b"]})), "a", 1)


def test_a_module_for_another_host_is_refused():
    assert refusal(catalog({"a": []}, host_version=">=99"))[0].startswith("host_version: a: works with klods >=99")


def running(version: str, *enabled: str) -> States:
    rows = {code: Installation(code, Installed.INSTALLED, version, "old") for code in enabled}
    return States(3, rows, {(code, 1): Activation(code, 1, Active.ENABLED) for code in enabled})


def test_what_counts_for_a_range_is_the_version_that_runs():
    found = catalog({"a": ["b>=1"], "b": []})
    assert plan_enable(view(found, running("1.0", "b")), "a", 1)
    with pytest.raises(InvalidDefinition, match=r"b runs at version 0\.9"):
        plan_enable(view(found, running("0.9", "b")), "a", 1)


def test_new_content_must_suit_those_that_run_with_the_old():
    found = catalog({"a": ["b>=2"], "b": []})
    with pytest.raises(InvalidDefinition, match="a is enabled and requires b>=2"):
        plan_migrate(view(found, running("2.0", "a", "b"), {"b": ["b_002"]}, "new"), "b", 1)


def test_prefixes_that_begin_alike_are_refused():
    found = catalog({"a": [], "b": []}, table_prefix="shop_")
    assert "begin alike" in refusal(found)[0]


def test_disabling_takes_the_dependents_first():
    plan = plan_disable(view(catalog({"a": ["b"], "b": ["c"], "c": [], "d": ["c"]}), stored("abc", "d")), "c", 1)
    assert done(plan) == ["disable a", "disable b", "disable c"]


def test_a_half_disabled_module_can_be_disabled_again():
    assert done(plan_disable(view(catalog({"a": []}), stored("a", active=Active.DISABLING)), "a", 1)) == ["disable a"]


def test_members_of_a_ring_can_be_disabled():
    assert sorted(done(plan_disable(view(catalog({"a": ["b"], "b": ["a"]}), stored("ab")), "a", 1))) == [
        "disable a",
        "disable b",
    ]


def test_a_module_whose_folder_is_gone_can_be_disabled():
    assert done(plan_disable(view(catalog({"b": ["a"]}), stored("ab")), "a", 1)) == ["disable b", "disable a"]


def test_core_modules_stay_on():
    with pytest.raises(CoreModule):
        plan_disable(view(catalog({"a": []}, core=frozenset("a")), stored("a")), "a", 1)


@pytest.mark.parametrize("action", Action)
def test_a_module_that_nobody_knows_is_not_found(action):
    with pytest.raises(NoSuchModule):
        make_plan(view(catalog({})), Intent(action, "a", 1))


def test_migrating_prepares_what_was_never_installed():
    pending = {"a": ["a_001"], "b": ["b_001"], "c": ["c_002"]}
    plan = plan_migrate(view(catalog({"a": ["b", "c"], "b": [], "c": []}), stored(installed="c"), pending), "a", 1)
    assert done(plan) == ["install b", "migrate b", "install a", "migrate a"]


def test_without_pending_migrations_there_is_nothing_to_migrate():
    assert not plan_migrate(view(catalog({"a": []}), content="new"), "a", 1)


def test_a_token_names_exactly_one_plan():
    found = catalog({"a": [], "b": []})
    plans = [plan_enable(view(found), "a", 1), plan_enable(view(found), "b", 1), plan_enable(view(found), "a", 2)]
    plans.append(plan_enable(view(found, content="new"), "a", 1))
    assert len({plan.token for plan in plans}) == 4
    assert plan_enable(view(found), "a", 1).token == plans[0].token


def rules_hold(found: Catalog, enabled: set[str]) -> bool:
    return all(set(found[code].definition.required_codes) <= enabled for code in enabled)


@given(rule_abiding_catalogs(), st.lists(st.sampled_from(CODES), min_size=1, max_size=4))
def test_every_enable_plan_leaves_the_rules_true(found, wanted):
    enabled: set[str] = set()
    for code in wanted:
        plan = plan_enable(view(found, stored("".join(enabled))), code, 1)
        for step in plan:
            assert set(found[step.code].definition.required_codes) <= enabled
            if step.do is Do.ENABLE:
                enabled.add(step.code)
        assert code in enabled
        assert rules_hold(found, enabled)


@given(rule_abiding_catalogs(), st.sampled_from(CODES), st.sampled_from(CODES))
def test_every_disable_plan_leaves_the_rules_true(found, first, second):
    enabled = set(plan_enable(view(found), first, 1).doing(Do.ENABLE))
    try:
        plan = plan_disable(view(found, stored("".join(enabled))), second, 1)
    except CoreModule:
        return
    for step in plan:
        enabled.remove(step.code)
        assert rules_hold(found, enabled)
    assert second not in enabled


@given(any_requires(), st.sets(st.sampled_from(CODES)), st.sampled_from(CODES))
def test_a_plan_is_made_or_the_reason_is_named_for_any_graph(requires, core, code):
    found = catalog(requires, frozenset(core))
    try:
        last = plan_enable(view(found), code, 1).doing(Do.ENABLE)[-1]
    except InvalidDefinition as error:
        last, reasons = None, error.data["items"]
    assert last == code or reasons


def with_conflict(said: str = "b", **fields) -> Catalog:
    found = catalog({"a": [], "b": [], "c": ["a", "b"], **fields.pop("requires", {})})
    return found.saying({"a": replace(found["a"].definition, conflicts=(said,))})


@pytest.mark.parametrize(("running", "wanted"), [("a", "b"), ("b", "a")])
def test_either_side_of_a_conflict_keeps_the_other_off(running, wanted):
    with pytest.raises(InvalidDefinition) as caught:
        plan_enable(view(with_conflict(), stored(running)), wanted, 1)
    (problem,) = caught.value.data["items"]
    assert (problem.rule, problem.module) == ("conflicts", wanted)
    assert f"{running} is enabled on platform 1" in problem.message
    assert f"Disable {running} first" in problem.hint


def test_a_conflict_counts_on_one_platform_and_for_the_versions_it_names():
    assert plan_enable(view(with_conflict(), stored("a", platform_id=2)), "b", 1)
    assert plan_enable(view(with_conflict("b>=2"), stored("a")), "b", 1)


def test_a_module_that_requires_both_sides_of_a_conflict_is_told_so():
    with pytest.raises(InvalidDefinition) as caught:
        plan_enable(view(with_conflict()), "c", 1)
    assert "c: requires both a and b, directly or not, and a conflicts with b" in map(
        str_without_place, caught.value.data["items"]
    )


def test_a_module_that_conflicts_with_what_it_requires_is_told_so():
    found = catalog({"a": ["b"], "b": ["c"], "c": []})
    found = found.saying({"c": replace(found["c"].definition, conflicts=("a",))})
    assert refusal(found) == ["conflicts: a: requires c, directly or not, and c conflicts with a"]


def str_without_place(problem) -> str:
    return f"{problem.module}: {problem.message}"


def running_with(found: Catalog, in_force: dict[str, ModuleDefinition], states: States, content: str = "new") -> View:
    return replace(view(found, states, content=content), in_force={**found.definitions, **in_force})


def test_an_edited_folder_hides_no_dependent_from_disabling():
    found = catalog({"a": [], "b": []})
    needs = replace(found["a"].definition, requires=("b",))
    assert done(plan_disable(running_with(found, {"a": needs}, stored("ab")), "b", 1)) == ["disable a", "disable b"]


def test_what_runs_says_whether_a_module_is_core():
    found, optional = catalog({"a": []}, core=frozenset("a")), catalog({"a": []})
    assert plan_disable(running_with(found, dict(optional.definitions), stored("a")), "a", 1)
    with pytest.raises(CoreModule):
        plan_disable(running_with(optional, dict(found.definitions), stored("a")), "a", 1)


def test_what_a_core_module_needs_does_not_become_optional_while_it_runs():
    found = catalog({"a": ["b"], "b": []}, core=frozenset("a"))
    core = replace(found["b"].definition, is_core=True)
    with pytest.raises(InvalidDefinition, match="is optional, but a is enabled, a core module, and requires it"):
        plan_enable(running_with(found, {"b": core}, stored("ab")), "b", 1)


def test_new_content_needs_what_it_requires_on_every_platform_it_runs_on():
    found = catalog({"a": ["b"], "b": []})
    states = stored("a", "b", platform_id=2)
    with pytest.raises(InvalidDefinition, match="requires b, which is not enabled on platform 2"):
        plan_enable(running_with(found, {"a": replace(found["a"].definition, requires=())}, states), "a", 1)


def test_what_is_left_alone_counts_as_it_runs():
    found = catalog({"a": ["b>=1"], "b": ["gone"]})
    runs = replace(found["b"].definition, requires=())
    assert plan_enable(running_with(found, {"b": runs}, stored("b")), "a", 1).doing(Do.ENABLE) == ("a",)


def shared(found: Catalog, **tables: tuple[str, ...]) -> View:
    made = view(found, stored("a", "b", platform_id=2))
    made.tables.without_platform = tables
    return made


def test_shared_tables_come_to_a_second_platform_only_when_somebody_says_so():
    known = shared(catalog({"a": [], "b": []}), a=("a_rates",), b=("b_rates",))
    with pytest.raises(SharedTables) as caught:
        plan_enable(known, "a", 1)
    assert caught.value.data["items"] == ("a_rates",)
    plan = plan_enable(known, "a", 1, shared=True)
    assert plan.warnings == ("a is shared: platform 2 and this one see the same rows of a_rates",)
    assert plan.intent.shared
    assert plan.concerns_all_platforms, "whoever is of one platform must not open the rows of another to it"
    assert not plan_enable(known, "b", 1).concerns_all_platforms
    assert plan_enable(known, "b", 1).warnings == ()
    assert plan_enable(known, "a", 2).warnings == ()
