from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.graphs import catalog, rule_abiding_catalogs

from klods.errors import (
    CoreModule,
    KlodsError,
    NoSuchArchive,
    NoSuchModule,
    PlaceTaken,
    StalePlan,
    StillEnabled,
    StillReferenced,
)
from klods.kernel.catalog import Catalog
from klods.kernel.holdings import Table
from klods.kernel.plan import TAKES_OUT, Action
from klods.kernel.state import Active, Installed, StoredConfig
from klods.testing.memory import MemoryHub

TABLES = (Table("a_items", 3, 8192),)


def hub(requires: dict[str, list[str]] | None = None, **fields: object) -> MemoryHub:
    return MemoryHub(catalog(requires or {"a": []}, **fields), revisions={})


def act(it: MemoryHub, action: Action, code: str = "a", **options):
    return it.lifecycle.apply(it.lifecycle.plan(action, code, 1, **options), actor="test")


def installed(requires: dict[str, list[str]] | None = None, **fields: object) -> MemoryHub:
    """Everything was enabled once, and is off now; a has a table."""
    it = hub(requires, **fields)
    for code in it.catalog:
        act(it, Action.ENABLE, code)
    for code in it.catalog:
        act(it, Action.DISABLE, code)
    it.store.tables.tables = {"a": TABLES}
    return it


def steps(it: MemoryHub, action: Action, code: str = "a", **options) -> list[str]:
    return [f"{step.do} {step.code}" for step in it.lifecycle.plan(action, code, 1, **options)]


def test_keeping_takes_the_module_out_and_leaves_its_tables():
    it = installed()
    (step,) = it.lifecycle.plan(Action.UNINSTALL, "a", 1)
    assert (step.do, step.tables) == ("uninstall", TABLES)
    act(it, Action.UNINSTALL)
    assert it.states.installation("a").state is Installed.ABSENT
    assert it.store.tables.tables == {"a": TABLES}


@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DROP])
def test_tables_are_set_aside_or_deleted_before_the_module_goes(action):
    it = installed()
    assert steps(it, action) == [f"{action} a", "uninstall a"]
    act(it, action)
    assert it.store.tables.tables == {}
    assert [archive.tables for archive in it.store.tables.kept] == ([TABLES] if action is Action.ARCHIVE else [])


@pytest.mark.parametrize("action", sorted(TAKES_OUT))
def test_an_enabled_module_has_to_be_disabled_first(action):
    it = installed()
    act(it, Action.ENABLE)
    with pytest.raises(StillEnabled, match="on platform 1"):
        it.lifecycle.plan(action, "a", 1)


@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DROP])
def test_tables_that_others_point_at_do_not_go_and_keeping_them_is_no_trouble(action):
    it = installed()
    it.store.tables.pointing = ("constraint b_a on table b_items",)
    with pytest.raises(StillReferenced, match="b_a on table b_items"):
        it.lifecycle.plan(action, "a", 1)
    assert steps(it, Action.UNINSTALL) == ["uninstall a"]


def test_modules_in_one_plan_go_with_those_that_need_others_first():
    it = installed({"a": [], "b": ["a"], "c": ["b"]})
    assert steps(it, Action.ARCHIVE, "a", along=("c", "b")) == [
        "uninstall c",
        "uninstall b",
        "archive a",
        "uninstall a",
    ]


def test_who_needs_the_module_is_said_in_the_plan():
    it = installed({"a": [], "b": ["a"]})
    assert it.lifecycle.plan(Action.UNINSTALL, "a", 1).warnings == ("b needs a: to enable it installs a again",)
    assert it.lifecycle.plan(Action.UNINSTALL, "a", 1, along=("b",)).warnings == ()


def test_what_is_not_installed_needs_no_plan_unless_it_left_tables():
    it = hub()
    assert not any(it.lifecycle.plan(action, "a", 1) for action in TAKES_OUT)
    it.store.tables.tables = {"a": TABLES}
    assert steps(it, Action.UNINSTALL) == []
    assert steps(it, Action.DROP) == ["drop a"]


def test_a_module_that_nobody_knows_is_refused_with_the_others_named():
    with pytest.raises(NoSuchModule, match="zebra"):
        installed().lifecycle.plan(Action.ARCHIVE, "a", 1, along=("zebra",))


def test_it_does_not_come_back_by_itself_because_module_json_wishes_so():
    it = installed(wish=True)
    act(it, Action.UNINSTALL)
    assert it.lifecycle.follow_wishes(1) == ()
    assert it.states.installation("a").state is Installed.ABSENT


def test_its_switches_are_forgotten_so_that_a_new_start_is_dry_again():
    it = installed()
    act(it, Action.LIVE)
    act(it, Action.DROP)
    assert it.states.switches == {} == it.states.activations


@pytest.mark.parametrize(("action", "stays"), [(Action.UNINSTALL, True), (Action.ARCHIVE, True), (Action.DROP, False)])
def test_what_is_set_for_it_goes_with_its_tables(action, stays):
    it = configured(installed())
    act(it, action)
    assert (("a", 1) in it.states.configs) is stays


def test_what_is_set_for_it_goes_with_the_last_of_its_archives():
    it = configured(installed())
    for _ in range(2):
        act(it, Action.ENABLE)
        act(it, Action.DISABLE)
        it.store.tables.tables = {"a": TABLES}
        act(it, Action.ARCHIVE)
    act(it, Action.DISCARD)
    assert ("a", 1) in it.states.configs
    act(it, Action.DISCARD)
    assert it.states.configs == {}


def configured(it: MemoryHub) -> MemoryHub:
    """Somebody has set something for a."""
    it.store.states = replace(it.states, configs={("a", 1): StoredConfig("a", 1, {"region": "dk"})})
    return it


def test_a_module_whose_folder_is_gone_leaves_no_row_behind():
    it = installed()
    it.catalog = Catalog([])
    act(it, Action.DROP)
    assert it.states.installations == {}


def test_a_module_whose_folder_is_gone_is_remembered_while_its_tables_stay():
    it = installed()
    it.catalog = Catalog([])
    act(it, Action.UNINSTALL)
    assert it.states.installation("a").version == "1.0.0"
    act(it, Action.DROP)
    assert it.store.tables.tables == {}


def test_restoring_brings_tables_and_content_back_and_enables_nothing():
    it = installed()
    before = it.states.installation("a")
    act(it, Action.ARCHIVE)
    act(it, Action.RESTORE)
    assert replace(it.states.installation("a"), wish=None) == replace(before, wish=None)
    assert it.states.activation("a", 1).state is Active.DISABLED
    assert (it.store.tables.tables, it.store.tables.kept) == ({"a": TABLES}, ())


def test_an_archive_whose_content_is_gone_is_restored_without_installing_anything():
    it = installed()
    act(it, Action.ARCHIVE)
    it.contents.kept.clear()
    it.contents.hashes["a"] = "newer"
    plan = it.lifecycle.plan(Action.RESTORE, "a", 1)
    assert "version 1.0.0 that made these tables is gone" in plan.warnings[0]
    it.lifecycle.apply(plan, actor="test")
    assert it.states.installation("a").state is Installed.ABSENT
    assert it.store.tables.tables == {"a": TABLES}


@pytest.mark.parametrize("how", ["installed", "tables"])
def test_nothing_is_restored_over_what_stands_there_now(how):
    it = installed()
    act(it, Action.ARCHIVE)
    if how == "installed":
        act(it, Action.ENABLE)
    it.store.tables.tables = {"a": TABLES} if how == "tables" else {}
    with pytest.raises(PlaceTaken, match="2026-01-01"):
        it.lifecycle.plan(Action.RESTORE, "a", 1)


def test_the_newest_archive_is_meant_unless_one_is_named():
    it = installed()
    for _ in range(2):
        it.store.tables.tables = {"a": TABLES}
        act(it, Action.ARCHIVE)
        act(it, Action.ENABLE)
        act(it, Action.DISABLE)
    assert it.lifecycle.plan(Action.DISCARD, "a", 1).archive == 2
    assert it.lifecycle.plan(Action.DISCARD, "a", 1, archive=1).archive == 1
    with pytest.raises(NoSuchArchive):
        it.lifecycle.plan(Action.DISCARD, "a", 1, archive=3)


def test_a_plan_over_an_archive_that_is_gone_meanwhile_is_refused():
    it = installed()
    act(it, Action.ARCHIVE)
    plan = it.lifecycle.plan(Action.RESTORE, "a", 1)
    act(it, Action.DISCARD)
    with pytest.raises(KlodsError):
        it.lifecycle.apply(plan, actor="test")


def test_rows_that_came_since_the_plan_make_it_stale_and_bytes_do_not():
    it = installed()
    plan = it.lifecycle.plan(Action.DROP, "a", 1)
    it.store.tables.tables = {"a": (replace(TABLES[0], size=1),)}
    assert it.lifecycle.plan(Action.DROP, "a", 1).token == plan.token
    it.store.tables.tables = {"a": (replace(TABLES[0], rows=4),)}
    with pytest.raises(StalePlan):
        it.lifecycle.apply(plan, actor="test")
    assert it.states.installation("a").state is Installed.INSTALLED


def test_deleting_takes_the_approved_content_along_unless_an_archive_was_made_with_it():
    it = installed()
    act(it, Action.ARCHIVE)
    assert ("a", it.store.tables.kept[0].content_hash) in it.contents.kept
    act(it, Action.DISCARD)
    assert it.contents.kept == {}


def test_every_step_is_in_the_log_with_who_did_it():
    it = installed()
    act(it, Action.DROP)
    assert [(entry.action, entry.after, entry.actor) for entry in it.store.log[-2:]] == [
        ("drop", "drop", "test"),
        ("drop", "uninstall", "test"),
    ]


@given(rule_abiding_catalogs(), st.data())
def test_whatever_is_archived_and_restored_is_as_installed_as_before(found, data):
    it = MemoryHub(found, revisions={})
    code = data.draw(st.sampled_from(sorted(found)))
    act(it, Action.ENABLE, code)
    assume(not any(found[other].definition.is_core for other in it.states.enabled(1)))
    for other in sorted(it.states.enabled(1)):
        act(it, Action.DISABLE, other)
    before = it.states.installations
    it.store.tables.tables = {code: TABLES}
    act(it, Action.ARCHIVE, code)
    assert it.states.installation(code).state is Installed.ABSENT
    act(it, Action.RESTORE, code)
    assert it.states.installations == before


def test_every_module_that_loses_data_is_confirmed_by_its_own_code():
    it = installed({"a": [], "b": ["a"]})
    it.store.tables.tables = {"a": TABLES, "b": TABLES}
    plan = it.lifecycle.plan(Action.DROP, "a", 1, along=("b",))
    assert plan.unconfirmed(("a",)) == ("b",)
    assert plan.unconfirmed(("b", "a")) == ()
    assert it.lifecycle.plan(Action.ARCHIVE, "a", 1, along=("b",)).unconfirmed(()) == ()


def test_what_is_left_of_an_archive_is_told_with_the_processes_that_are_late():
    it = installed()
    act(it, Action.ARCHIVE)
    it.processes.late = ("web-7",)
    assert act(it, Action.DISCARD).late == ("web-7",)


def test_content_that_was_lost_is_approved_anew_from_a_folder_that_holds_the_same():
    it = installed()
    act(it, Action.ARCHIVE)
    it.contents.kept.clear()
    act(it, Action.RESTORE)
    assert it.states.installation("a").state is Installed.INSTALLED
    assert list(it.contents.kept) == [("a", it.states.installation("a").content_hash)]


def test_a_core_module_is_not_uninstalled_even_where_it_never_was_enabled():
    it = MemoryHub(catalog({"a": []}, frozenset("a")), revisions={"a": ["a_001"]})
    it.lifecycle.apply(it.lifecycle.plan(Action.MIGRATE, "a", 1), actor="test")
    for action in TAKES_OUT:
        with pytest.raises(CoreModule):
            it.lifecycle.plan(action, "a", 1)
