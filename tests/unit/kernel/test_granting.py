from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.errors import InvalidDefinition
from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.granting import grant_problems
from klods.kernel.plan import Do
from klods.kernel.planning import plan_enable, plan_migrate
from klods.kernel.state import Activation, Active, Installation, Installed, States
from klods.kernel.view import View
from klods.testing.memory import MemoryHub

TABLE = "customers_customers"
NAMES = {TABLE: ["id", "name"]}


def define(code: str, **fields) -> ModuleDefinition:
    return ModuleDefinition(code=code, name=code, **fields)


def found(*definitions: ModuleDefinition) -> Catalog:
    return Catalog(
        Module(it, Source(it.code, Path("/nowhere", it.code), f"klods.modules.{it.code}")) for it in definitions
    )


def customers(**fields) -> ModuleDefinition:
    return define("customers", **{"exports": NAMES, **fields})


def orders(**fields) -> ModuleDefinition:
    return define("orders", **{"requires": ["customers"], "reads": NAMES, **fields})


def told(*definitions: ModuleDefinition, code: str = "orders") -> list[str]:
    catalog = found(*definitions)
    return [problem.message for problem in grant_problems(catalog, catalog[code])]


def hints(*definitions: ModuleDefinition, code: str = "orders") -> list[str]:
    catalog = found(*definitions)
    return [problem.hint for problem in grant_problems(catalog, catalog[code])]


def test_nothing_is_said_about_two_that_agree():
    assert told(customers(), orders(references=[TABLE, f"{TABLE}.name", "klods.platform"])) == []


def test_a_reader_requires_the_owner():
    assert told(customers(), orders(requires=[])) == [f"reads names {TABLE} of customers, which it does not require"]
    assert hints(customers(), orders(requires=[])) == ['Add "customers" to requires in definition.py of orders.']


def test_a_reader_may_not_see_what_is_not_exported():
    asking = orders(reads={TABLE: ["name", "balance"]})
    assert told(customers(), asking) == [f"reads names {TABLE} (balance), which customers does not export"]
    (hint,) = hints(customers(), asking)
    assert hint == (
        f'Write "{TABLE}": ["id", "name", "balance"] in exports of customers (definition.py:1), or take it out of reads.'
    )


def test_a_reference_needs_the_export_of_its_column_too():
    asking = orders(reads={}, references=["customers_addresses", f"{TABLE}.number"])
    assert told(customers(), asking) == [
        "references names customers_addresses (id), which customers does not export",
        f"references names {TABLE} (number), which customers does not export",
    ]


def test_everything_that_is_wrong_is_said_at_once():
    asking = orders(requires=[], reads={TABLE: ["balance"]}, references=["klods.log"], exports={TABLE: ["id"]})
    assert len(told(customers(), asking)) == 4


def test_nobody_exports_the_tables_of_another():
    assert told(orders(requires=[], reads={}, exports=NAMES)) == [
        f"exports {TABLE}, which does not begin with its own table prefix orders_"
    ]


def test_own_tables_need_no_grant():
    asking = orders(requires=[], reads={"orders_lines": ["id"]}, exports={"orders_lines": ["id"]})
    assert told(asking) == ["reads names orders_lines, which is its own table"]


@pytest.mark.parametrize(
    "asking",
    [
        {"reads": {"klods.user_account": ["login"]}},
        {"reads": {"klods.platform": ["id"]}},
        {"references": ["klods.user_account"]},
        {"references": ["klods.platform.code"]},
        {"references": ["klods.platform", "klods.platform.code"]},
    ],
)
def test_the_host_lets_modules_point_at_platforms_and_nothing_else(asking):
    (message,) = told(define("orders", **asking))
    assert "which belongs to the host" in message


def test_a_misspelled_table_is_met_with_the_nearest_one():
    asking = orders(reads={"customer_customers": ["id"]})
    assert told(customers(), asking) == [
        "reads names customer_customers, which bears the table prefix of no module that was found"
    ]
    assert hints(customers(), asking) == [f"Did you mean {TABLE!r}?"]


def test_while_the_owner_is_missing_only_that_is_said():
    assert told(orders()) == []
    with pytest.raises(InvalidDefinition) as caught:
        plan_enable(view(found(orders())), "orders", 1)
    assert [problem.rule for problem in caught.value.data["items"]] == ["requires"]


def view(catalog: Catalog, in_force: Catalog | None = None, enabled: str = "", content: str = "new") -> View:
    in_force = in_force or found()
    rows = {code: Installation(code, Installed.INSTALLED, "1.0.0", "old") for code in in_force}
    active = {(code, 1): Activation(code, 1, Active.ENABLED) for code in enabled.split()}
    return View(catalog, States(3, rows, active), lambda _: ["001"], lambda _: content, in_force.definitions)


def given_by(plan) -> dict[str, tuple[str, ...]]:
    return {step.code: step.grants for step in plan if step.do is Do.INSTALL}


def refusal(asked: View, code: str) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        plan_enable(asked, code, 1)
    return [f"{problem.rule}: {problem.module}: {problem.message}" for problem in caught.value.data["items"]]


def test_a_plan_lists_every_grant_with_the_module_that_gets_it():
    plan = plan_enable(view(found(customers(), orders(references=[TABLE]))), "orders", 1)
    assert given_by(plan) == {
        "customers": (),
        "orders": (f"read {TABLE} (id, name)", f"reference {TABLE} (id)"),
    }


def test_other_grants_make_it_another_plan():
    plans = [plan_enable(view(found(customers(), orders(reads={TABLE: [name]}))), "orders", 1) for name in NAMES[TABLE]]
    assert plans[0].token != plans[1].token


def test_enabling_is_refused_with_all_reasons_together():
    asking = orders(requires=["customers", "gone"], reads={TABLE: ["balance"]}, references=["klods.log"])
    assert refusal(view(found(customers(), asking)), "orders") == [
        f"grants: orders: reads names {TABLE} (balance), which customers does not export",
        "grants: orders: references names klods.log (id), which belongs to the host",
        "requires: orders: requires gone, which was not found",
    ]


def test_what_a_required_module_does_wrong_is_a_reason_too():
    exporting = customers(exports={**NAMES, "orders_lines": ["id"]})
    assert refusal(view(found(exporting, orders())), "orders")[0].startswith("grants: customers: exports orders_lines")


def test_migrating_is_refused_for_the_same_reasons():
    with pytest.raises(InvalidDefinition, match="does not export"):
        plan_migrate(view(found(customers(exports={}), orders())), "orders", 1)


def test_new_content_goes_on_exporting_what_an_installed_module_reads():
    before = found(customers(), orders())
    changed = found(customers(exports={TABLE: ["id"]}), orders(reads={TABLE: ["id"]}))
    for enabled in ("customers orders", "customers", ""):
        assert refusal(view(changed, before, enabled), "customers") == [
            f"grants: customers: no longer exports {TABLE} (name), but orders is installed and names it in reads"
        ]


def test_a_table_that_moves_to_another_prefix_is_lost_as_well():
    before = found(customers(), orders())
    moved = customers(table_prefix="clients_", exports={"clients_clients": ["id", "name"]})
    changed = found(moved, orders(reads={"clients_clients": ["id"]}))
    assert refusal(view(changed, before, "customers orders"), "customers")[0].endswith(
        f"no longer exports {TABLE} (id, name), but orders is installed and names it in reads"
    )


def test_disabling_the_owner_and_enabling_the_reader_brings_in_both():
    before = found(customers(), orders())
    changed = found(customers(exports={TABLE: ["id"]}), orders(reads={TABLE: ["id"]}))
    plan = plan_enable(view(changed, before), "orders", 1)
    assert given_by(plan) == {"customers": (), "orders": (f"read {TABLE} (id)",)}


def test_what_was_never_granted_cannot_be_lost():
    before = found(customers(exports={}), orders())
    assert plan_enable(view(found(customers(exports={}), orders()), before, "customers"), "customers", 1)


def test_a_draft_in_the_reader_s_folder_does_not_stop_the_owner():
    before = found(customers(), orders())
    draft = found(customers(), orders(reads={TABLE: ["balance"]}))
    assert plan_enable(view(draft, before, "customers orders"), "customers", 1)


def test_the_owner_must_export_it_in_the_content_that_runs():
    before = found(customers(exports={}))
    refused = view(found(customers(), orders()), before, "customers")
    assert refusal(refused, "orders") == [
        f"grants: orders: reads names {TABLE} (id, name), which customers does not export in the content that runs"
    ]
    assert plan_enable(view(found(customers(), orders()), before), "orders", 1)


def test_a_plan_lists_what_an_installed_module_gets_at_last():
    before = found(customers(exports={}), orders())
    plan = plan_enable(view(found(customers(), orders()), before, "customers"), "customers", 1)
    assert given_by(plan) == {"customers": (f"read {TABLE} (id, name) → orders",)}


def test_a_hub_refuses_new_content_that_breaks_what_is_installed():
    hub = MemoryHub(found(customers(), orders()))
    hub.lifecycle.apply(plan_of(hub, "orders"), actor="me")
    hub.catalog = found(customers(exports={}), orders(reads={}))
    hub.contents.hashes["customers"] = "changed"
    with pytest.raises(InvalidDefinition, match="no longer exports"):
        plan_of(hub, "customers")


def plan_of(hub: MemoryHub, code: str):
    return plan_enable(hub.lifecycle.view(hub.catalog, hub.states), code, 1)


columns = st.lists(st.sampled_from(["id", "name"]), min_size=1, unique=True)
asked = st.dictionaries(st.sampled_from(["a_x", "b_x", "klods.platform"]), columns)
exports = st.dictionaries(st.sampled_from(["a_x", "b_x"]), columns)


@given(asked, exports, st.booleans())
def test_a_plan_grants_all_that_is_asked_for_or_is_not_made(reads, offered, requires):
    asking = view(found(define("b", requires=["a"] if requires else [], reads=reads), define("a", exports=offered)))
    mine_only = reads.keys() <= {"a_x"} and (not requires or offered.keys() <= {"a_x"})
    if mine_only and (requires or not reads) and set(reads.get("a_x", ())) <= set(offered.get("a_x", ())):
        expected = {f"read a_x ({', '.join(sorted(names))})" for names in reads.values()}
        assert set(given_by(plan_enable(asking, "b", 1))["b"]) == expected
    else:
        assert refusal(asking, "b")
