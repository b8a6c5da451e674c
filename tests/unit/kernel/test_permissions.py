import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.errors import ForAllPlatforms, MorePowerful
from klods.kernel.authority import refuse_elsewhere, refuse_stronger
from klods.kernel.definition import ModuleDefinition
from klods.kernel.permissions import HOST_PERMISSIONS, beyond, covering_nothing, covers, is_pattern, known_permissions
from klods.kernel.subject import Subject

words = st.sampled_from(["customers", "read", "invoices", "pay-out", "x1"])
codes = st.lists(words, min_size=1, max_size=4).map(".".join)
patterns = st.one_of(codes, codes.map(lambda code: f"{code}.*"), st.just("*"))


def test_a_role_may_hold_codes_and_patterns_and_nothing_else():
    for good in ("*", "customers.read", "customers.*", "a", "pay-out.list_all"):
        assert is_pattern(good), good
    for bad in (
        "",
        ".*",
        "customers.",
        "*.read",
        "Customers.read",
        "customers..read",
        "a b",
        "customers.*.read",
        "x\n",
    ):
        assert not is_pattern(bad), bad


def test_the_hosts_own_permissions_are_codes_with_a_meaning():
    for code, meaning in HOST_PERMISSIONS.items():
        assert is_pattern(code)
        assert code.startswith("klods.")
        assert meaning


def test_a_star_covers_what_lies_below_it_and_not_what_only_begins_alike():
    assert covers({"customers.*"}, "customers.read")
    assert covers({"customers.*"}, "customers.notes.write")
    assert not covers({"customers.*"}, "customers")
    assert not covers({"customers.*"}, "customers_old.read")
    assert not covers({"customers.read"}, "customers.*")
    assert covers({"customers.*"}, "customers.notes.*")


@given(st.frozensets(patterns, max_size=5), codes)
def test_whoever_may_hand_out_a_pattern_has_everything_it_covers(granted, code):
    for pattern in granted:
        if covers({pattern}, code):
            assert covers(granted, code)
    below = f"{code}.deep"
    if covers(granted, f"{code}.*"):
        assert covers(granted, below)


@given(st.frozensets(patterns, max_size=5), st.frozensets(patterns, max_size=5))
def test_what_is_not_beyond_is_covered(granted, wanted):
    lacking = beyond(granted, wanted)
    assert all(covers(granted, permission) is (permission not in lacking) for permission in wanted)


def test_the_known_permissions_are_the_hosts_and_those_that_modules_declare():
    shop = ModuleDefinition(code="shop", name="The shop", permissions=("shop.sell",))
    known = known_permissions([shop])
    assert known["shop.sell"] == "The shop"
    assert known.keys() == {*HOST_PERMISSIONS, "shop.sell"}


def test_nobody_hands_out_what_they_do_not_have():
    clerk = Subject(1, "clerk", permissions=frozenset({"customers.*"}))
    refuse_stronger(clerk, ["customers.read", "customers.*"])
    with pytest.raises(MorePowerful, match=r"klods\.people\.manage"):
        refuse_stronger(clerk, ["customers.read", "klods.people.manage"])
    with pytest.raises(MorePowerful):
        refuse_stronger(clerk, ["*"])


def test_nobody_of_one_platform_reaches_beyond_it():
    local = Subject(1, "local", platform_id=2)
    refuse_elsewhere(local, 2, "This")
    for elsewhere in (1, None):
        with pytest.raises(ForAllPlatforms):
            refuse_elsewhere(local, elsewhere, "This")
    refuse_elsewhere(Subject(1, "global", is_everywhere=True), None, "This")


def test_what_nothing_asks_for_is_named_before_a_typo_locks_somebody_out():
    known = ("customers.read", "klods.log.read")
    assert covering_nothing(("customers.read", "customers.*", "*"), known) == ()
    assert covering_nothing(("customers.raed", "invoices.*", "klods.log.read"), known) == (
        "customers.raed",
        "invoices.*",
    )
