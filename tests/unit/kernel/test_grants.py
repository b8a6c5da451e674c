from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from klods.kernel.definition import ModuleDefinition
from klods.kernel.grants import Grant, Kind, grants_on, grants_to, owner_of, standing, target, wants

CODES = "abc"
TABLES = tuple(f"{code}_{name}" for code in CODES for name in "xy")
COLUMNS = ("id", "name", "number")


def definitions(**modules: dict) -> dict[str, ModuleDefinition]:
    return {code: ModuleDefinition(code=code, name=code, **fields) for code, fields in modules.items()}


CUSTOMERS = {"exports": {"customers_customers": ["id", "name", "number"]}}


def test_a_reader_gets_what_it_asks_for_and_the_owner_exports():
    found = definitions(
        customers=CUSTOMERS, orders={"requires": ["customers"], "reads": {"customers_customers": ["name", "id"]}}
    )
    grant = Grant(Kind.READ, "customers_customers", ("id", "name"), "customers", "orders")
    assert grants_to(found, "orders") == grants_on(found, "customers") == (grant,)
    assert str(grant) == "read customers_customers (id, name)"
    assert grants_to(found, "customers") == grants_on(found, "orders") == ()


def test_a_reference_means_the_id_and_gives_no_right_to_read():
    found = definitions(customers=CUSTOMERS, orders={"requires": ["customers"], "references": ["customers_customers"]})
    (grant,) = grants_to(found, "orders")
    assert (grant.kind, grant.columns) == (Kind.REFERENCE, ("id",))
    assert str(grant) == "reference customers_customers (id)"


def test_what_is_said_twice_is_granted_once():
    doubled = ["customers_customers.number", "customers_customers", "customers_customers.id", "customers_customers"]
    reads = {"customers_customers": ["id", "id"]}
    found = definitions(customers=CUSTOMERS, orders={"requires": ["customers"], "references": doubled, "reads": reads})
    assert [str(grant) for grant in grants_to(found, "orders")] == [
        "read customers_customers (id)",
        "reference customers_customers (id, number)",
    ]


def test_the_order_of_words_in_a_definition_makes_no_difference():
    one = ModuleDefinition(code="a", name="a", reads={"b_x": ["id", "name"], "b_y": ["id"]}, references=["b_y", "b_x"])
    other = ModuleDefinition(
        code="a", name="a", reads={"b_y": ["id"], "b_x": ["name", "id"]}, references=["b_x", "b_y"]
    )
    assert wants(one) == wants(other)


def test_a_requirement_of_a_requirement_grants_nothing():
    found = definitions(
        customers=CUSTOMERS,
        orders={"requires": ["customers"]},
        invoices={"requires": ["orders"], "reads": {"customers_customers": ["id"]}},
    )
    assert grants_to(found, "invoices") == ()


def test_the_host_s_tables_are_granted_to_nobody_here():
    found = definitions(
        klods_={"table_prefix": "klods_", "exports": {"klods.platform": ["id"]}},
        orders={"requires": ["klods_"], "references": ["klods.platform"], "reads": {"klods.platform": ["id"]}},
    )
    assert grants_to(found, "orders") == ()


def test_a_module_that_is_not_there_gets_nothing():
    assert grants_to({}, "orders") == grants_on({}, "orders") == ()


def test_a_table_belongs_to_the_longest_prefix_that_it_bears():
    found = definitions(shop={}, shop_extra={})
    assert owner_of(found, "shop_items").code == "shop"
    assert owner_of(found, "shop_extra_items").code == "shop_extra"
    assert owner_of(found, "shopping") is None


def test_nobody_exports_the_table_of_a_longer_prefix():
    found = definitions(
        shop={"exports": {"shop_extra_items": ["id"]}},
        shop_extra={},
        orders={"requires": ["shop", "shop_extra"], "reads": {"shop_extra_items": ["id"]}},
    )
    assert grants_to(found, "orders") == ()


def test_a_reference_names_a_table_and_maybe_a_column():
    assert target("shop_items") == ("shop_items", "id")
    assert target("shop_items.number") == ("shop_items", "number")
    assert target("klods.platform") == ("klods.platform", "id")
    assert target("klods.platform.code") == ("klods.platform", "code")


def test_what_is_not_in_a_plan_counts_with_the_content_in_force():
    folders = {code: ModuleDefinition(code=code, name="folder") for code in "abc"}
    in_force = {code: ModuleDefinition(code=code, name="in force") for code in "ab"}
    assert {code: it.name for code, it in standing(folders, in_force, ["a"]).items()} == {
        "a": "folder",
        "b": "in force",
        "c": "folder",
    }


columns = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3)
tables = st.dictionaries(st.sampled_from(TABLES), columns, max_size=3)
references = st.lists(st.sampled_from((*TABLES, *(f"{table}.number" for table in TABLES))), max_size=3)


@st.composite
def any_definitions(draw) -> dict[str, ModuleDefinition]:
    """Modules that ask and export at random, their own tables and those of others."""
    return definitions(
        **{
            code: {
                "requires": draw(st.lists(st.sampled_from(CODES), max_size=2, unique=True)),
                "reads": draw(tables),
                "references": draw(references),
                "exports": draw(tables),
            }
            for code in CODES
        }
    )


def single(grants) -> set[tuple[Kind, str, str, str, str]]:
    return {(it.kind, it.table, column, it.owner, it.reader) for it in grants for column in it.columns}


def everything(found: dict[str, ModuleDefinition]):
    return [grant for code in found for grant in grants_to(found, code)]


def both_say(found: dict[str, ModuleDefinition]) -> set[tuple[Kind, str, str, str, str]]:
    """All grants there may be, written out the slow way: every pair, table and column that both sides name."""
    asked = {
        (kind, table, column, reader.code)
        for reader in found.values()
        for table in TABLES
        for column in COLUMNS
        for kind, says in (
            (Kind.READ, column in reader.reads.get(table, ())),
            (Kind.REFERENCE, f"{table}.{column}" in reader.references),
            (Kind.REFERENCE, column == "id" and table in reader.references),
        )
        if says
    }
    return {
        (kind, table, column, owner, reader)
        for kind, table, column, reader in asked
        for owner in found
        if owner != reader and table.startswith(f"{owner}_") and owner in found[reader].required_codes
        and column in found[owner].exports.get(table, ())
    }  # fmt: skip


@given(any_definitions())
def test_a_grant_is_given_when_both_sides_agree_and_only_then(found):
    assert single(everything(found)) == both_say(found)


@given(any_definitions())
def test_what_modules_get_is_what_others_give_them(found):
    assert sorted(everything(found)) == sorted(grant for code in found for grant in grants_on(found, code))


@given(any_definitions())
def test_grants_come_in_one_order_and_never_twice(found):
    turned = dict(reversed(found.items()))
    for code in found:
        grants = grants_to(found, code)
        assert grants == tuple(sorted(set(grants))) == grants_to(turned, code)
        assert len({(it.kind, it.table) for it in grants}) == len(grants)
        assert grants_on(found, code) == grants_on(turned, code)


@given(any_definitions(), any_definitions(), st.sampled_from(CODES))
def test_saying_more_takes_nothing_from_anybody(found, more, code):
    said, added = found[code], more[code]
    merged = {
        name: {table: (*getattr(said, name).get(table, ()), *getattr(added, name).get(table, ())) for table in TABLES}
        for name in ("reads", "exports")
    }
    louder = replace(
        said,
        requires=tuple(dict.fromkeys((*said.requires, *added.requires))),
        references=(*said.references, *added.references),
        **merged,
    )
    assert single(everything(found)) <= single(everything({**found, code: louder}))


@given(any_definitions(), any_definitions(), st.sampled_from(CODES))
def test_what_one_module_says_decides_nothing_between_two_others(found, more, code):
    assume(found[code] != more[code])
    changed = {**found, code: more[code]}
    others = {it for it in single(everything(found)) if code not in it[3:]}
    assert others == {it for it in single(everything(changed)) if code not in it[3:]}
