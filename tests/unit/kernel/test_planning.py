import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.graphs import CODES, any_requires, catalog, rule_abiding_catalogs

from klods.errors import AlreadyRunning, CoreModule, InvalidDefinition, NoSuchModule
from klods.kernel.catalog import Catalog
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
