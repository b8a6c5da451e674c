"""What modules say about people and about retention, before any of it reaches a database."""

import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from klods.errors import InvalidPerson, StrangeAnswer
from klods.kernel.catalog import Module, Source
from klods.kernel.declared import bound, read_declared
from klods.kernel.definition import ModuleDefinition
from klods.kernel.manifest import read_manifest
from klods.kernel.personal import Kept, Person, Retention, exported, kept
from klods.kernel.personal_data import PERSONAL
from klods.kernel.reading import read_module
from klods.kernel.rules.personal import personal_problems
from klods.kernel.table_names import name_problems
from klods.outbound.spelling import definition_from_data, definition_to_data

SMALL = partial(some.dictionaries, max_size=3)
ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text() | some.binary() | some.dates()
    | some.decimals() | some.just(object()),
    lambda inner: some.lists(inner) | some.dictionaries(some.text() | some.integers(), inner) | some.tuples(inner),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANYTHING)
def test_whatever_a_module_exports_is_json_or_a_problem_in_words(answer):
    try:
        found = exported("crm", answer)
    except StrangeAnswer as strange:
        said = str(strange)
        found = {}
    else:
        said = "crm answered"
    assert json.loads(json.dumps(found, allow_nan=False).encode()) == found
    assert said.encode().startswith(b"crm answered")
    assert "Traceback" not in said


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    SMALL(some.text(max_size=3), some.lists(SMALL(some.text(max_size=3), some.integers() | some.dates()), max_size=3))
)
def test_every_mapping_of_lists_of_rows_is_exported_row_by_row(answer):
    found = exported("crm", answer)
    assert {name: len(rows) for name, rows in found.items()} == {name: len(rows) for name, rows in answer.items()}


def test_rows_may_come_from_a_generator_and_be_any_mapping():
    rows = (MappingProxyType({"id": number, "price": Decimal("1.50"), "raw": b"\xff"}) for number in (1, 2))
    assert exported("crm", {"orders": rows}) == {
        "orders": [{"id": 1, "price": "1.50", "raw": "_w=="}, {"id": 2, "price": "1.50", "raw": "_w=="}]
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "returned nothing"),
        ([{"id": 1}], "returned a value of type list"),
        ({"orders": {"id": 1}}, "'orders' of export_person is a value of type dict"),
        ({"orders": "none"}, "'orders' of export_person is a value of type str"),
        ({"orders": [1]}, "has a value of type int where a row belongs"),
        ({1: []}, "named a list of rows with a value of type int"),
        ({"orders": [{"it": object()}]}, "cannot be written as JSON"),
        ({"orders": [{"it": "\ud800"}]}, "cannot be written as JSON"),
    ],
)
def test_an_answer_of_another_form_is_a_problem_that_says_which(answer, said):
    with pytest.raises(StrangeAnswer, match=said):
        exported("crm", answer)


def test_an_answer_without_an_end_is_a_problem(monkeypatch):
    monkeypatch.setattr("klods.kernel.personal.MOST_ROWS", 3)

    def forever():
        while True:
            yield {}

    with pytest.raises(StrangeAnswer, match="more than 3 rows"):
        exported("crm", {"orders": forever()})


def test_what_is_kept_has_a_number_and_a_reason():
    invoices = Kept("invoices", 3, "the law")
    assert kept("crm", None) == ()
    assert kept("crm", (one for one in [invoices])) == (invoices,)
    for wrong in ("invoices", {"invoices": 3}, [3], [replace(invoices, why="")], [replace(invoices, rows=-1)], 5):
        with pytest.raises(StrangeAnswer):
            kept("crm", wrong)


def test_a_person_is_the_same_however_the_address_is_written():
    assert Person("  Karen@Example.COM ", [3]) == Person("karen@example.com", (3,))


@pytest.mark.parametrize(
    "nobody", ["", "  ", "karen", "@example.com", "karen@", "ka ren@example.com", "k\0@x.dk", "x" * 300 + "@a"]
)
def test_nobody_is_known_by_an_address_that_could_match_every_row(nobody):
    with pytest.raises(InvalidPerson):
        Person(nobody)


DEFINITION = """
from klods import ModuleDefinition, Retention
from .people import export_person, erase_person

definition = ModuleDefinition(
    code="crm", name="CRM", export_person=export_person, erase_person=erase_person,
    retention=[Retention("crm_visits", "at", 30, clear=["ip"], why="the law")],
)
"""
RULE = Retention("crm_visits", "at", 30, ("ip",), "the law")


def module_in(folder, **files) -> Source:
    home = folder / "crm"
    home.mkdir()
    for name, text in files.items():
        (home / name.replace("_", ".")).write_text(text)
    return Source("crm", home, "klods.modules.crm")


def test_rules_are_read_from_a_definition_without_running_it(tmp_path):
    source = module_in(tmp_path, definition_py=DEFINITION)
    declared = read_declared(source.folder, "crm")
    assert declared.whole
    assert declared.fields["retention"] == (RULE,)


def test_rules_are_read_from_module_json_with_what_is_wrong_and_where(tmp_path):
    rule = {"table": "crm_visits", "column": "at", "days": 30, "clear": ["ip"], "why": "the law"}
    source = module_in(tmp_path, module_json=json.dumps({"retention": [rule]}))
    assert read_manifest(source.folder)[0]["retention"] == (RULE,)
    (source.folder / "module.json").write_text(
        '{\n"retention": [{"table": "crm_visits", "column": "at", "days": "30"}]\n}'
    )
    (wrong,) = read_manifest(source.folder)[1]
    assert (wrong.line, "retention.0.days" in wrong.message) == (2, True)


def test_a_rule_travels_between_processes_as_it_is():
    definition = ModuleDefinition(code="crm", name="CRM", retention=[RULE])
    there = json.loads(json.dumps(definition_to_data(definition)))
    assert definition_from_data(there) == definition


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (replace(RULE, table="shop_visits"), "own table prefix crm_"),
        (replace(RULE, table='crm_x" where true --'), "cannot be a table"),
        (replace(RULE, column="at; drop"), "cannot be a column"),
        (replace(RULE, clear=("IP",)), "cannot be a column"),
        (replace(RULE, days=0), "days must be from 1"),
        (replace(RULE, days=10**6), "days must be from 1"),
    ],
)
def test_a_rule_that_would_be_unsafe_as_sql_is_a_problem(rule, said):
    ((field, message),) = name_problems(ModuleDefinition(code="crm", name="CRM", retention=[rule]))
    assert (field, said in message) == ("retention", True)


def test_a_wrong_rule_is_reported_with_its_line(tmp_path):
    text = '{\n"name": "CRM",\n"retention": [{"table": "shop_x", "column": "at", "days": 3}]\n}'
    reading = read_module(module_in(tmp_path, module_json=text), reader=None)
    (wrong,) = reading.problems
    assert (wrong.line, wrong.warning, reading.definition) == (3, False, None)


@pytest.mark.parametrize("given", [{"days": "3"}, {"days": True}, {"clear": "ip"}, {"column": 1}])
def test_a_rule_of_other_types_cannot_be_made(given):
    with pytest.raises(TypeError):
        replace(RULE, **given)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def export_person(person): ...\ndef erase_person(person): ...", {*PERSONAL}),
        ("from .people import export_person, erase as erase_person", {*PERSONAL}),
        ("async def export_person(person): ...", {"export_person"}),
        ("erase_person = make()", {"erase_person"}),
        ("from .people import *", {*PERSONAL}),
        (DEFINITION, {*PERSONAL}),
        ("ModuleDefinition(code='crm', name='C', export_person=None)\ndef erase_person(p): ...", set()),
        ("given = {'export_person': f}\nModuleDefinition(code='crm', **given)", {"export_person"}),
        ("health_check = None  # export_person", set()),
        ("def broken(:", set()),
    ],
)
def test_whether_a_module_holds_personal_data_is_known_without_running_it(tmp_path, text, names):
    assert bound(module_in(tmp_path, definition_py=text).folder, PERSONAL).keys() == names


def test_a_module_that_exports_and_cannot_erase_is_warned_of(tmp_path):
    source = module_in(tmp_path, definition_py="\n\ndef export_person(person): ...")
    module = Module(ModuleDefinition(code="crm", name="CRM"), source)
    (problem,) = personal_problems({}, module)
    assert (problem.warning, problem.line, "no erase_person" in problem.message) == (True, 3, True)
    (source.folder / "definition.py").write_text("from .people import export_person, erase_person")
    assert [*personal_problems({}, module)] == []
