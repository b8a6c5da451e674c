import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klods.kernel.definition import ModuleDefinition
from klods.kernel.discovery import Place, discover
from klods.kernel.table_names import name_problems, why_no_name
from klods.testing.memory import ReaderHere


def told(**fields) -> list[str]:
    return [f"{field}: {message}" for field, message in name_problems(ModuleDefinition(code="a", name="a", **fields))]


def test_plain_names_are_fine():
    fields = {
        "reads": {"_b_x1": ["id", "_x"]},
        "references": ["b_x", "b_x.id"],
        "exports": {"a_" + "x" * 61: ["i" * 63]},
    }
    assert told(table_prefix="a_1_", **fields) == []


@pytest.mark.parametrize(
    "name", ["", "Items", "1tems", "it-ems", "it ems", 'it"ems', "items;", "items\n", "ítems", "i" * 64, "a.b"]
)
def test_a_name_that_postgresql_would_read_as_another_is_refused(name):
    assert why_no_name(name)
    assert len(told(reads={name: ["id"]}, exports={name: ["id"]})) == 2
    assert len(told(reads={"b_x": [name]}, exports={"a_x": [name]})) == 2
    assert told(references=[f"b_x.{name}"])


@pytest.mark.parametrize("reference", ["", ".", "b_x.", ".id", "b_x.id.id", "B_x", "public.b_x.id"])
def test_a_reference_is_a_table_or_a_table_and_a_column(reference):
    assert told(references=[reference])


@pytest.mark.parametrize(
    "prefix", ["a", "A_", "1a_", "_a_", "a-_", "a_\n", "a" * 41 + "_", "a_; drop", 'a"_', "klods.x_"]
)
def test_a_prefix_is_the_plain_beginning_of_a_name(prefix):
    (message,) = told(table_prefix=prefix)
    assert message.startswith("table_prefix: ")


def test_a_table_without_columns_says_nothing():
    assert told(reads={"b_x": []}) == [
        'reads: reads names \'b_x\' without any column; list the columns, as "b_x": ["id"]'
    ]


def test_the_host_s_tables_are_left_to_the_rules_of_grants():
    assert told(reads={"klods.platform": ["id"]}, references=["klods.platform.id"]) == []
    assert told(exports={"klods.platform": ["id"]})


@pytest.mark.parametrize(
    "fields", [{"references": "b_x"}, {"reads": {"b_x": "id"}}, {"exports": {"a_x": [1]}}, {"exports": {1: ["id"]}}]
)
def test_a_text_is_not_taken_for_a_list_of_letters(fields):
    with pytest.raises(TypeError, match="must hold lists of texts"):
        ModuleDefinition(code="a", name="a", **fields)


def test_a_module_with_a_wrong_name_is_broken_and_says_where(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/module.json").write_text('{\n "table_prefix": "shop",\n "exports": {"Shop_items": ["id"]}\n}')
    catalog = found(tmp_path)
    assert "shop" in catalog.broken
    assert [(problem.line, problem.file) for problem in catalog.problems] == [
        (3, str(tmp_path / "shop/module.json")),
        (2, str(tmp_path / "shop/module.json")),
    ]


def test_names_in_definition_py_are_held_to_the_same_rules(tmp_path):
    (tmp_path / "shop").mkdir()
    text = "from klods.kernel.definition import ModuleDefinition\n\nmodule = ModuleDefinition(\n    code='shop', name='Shop',\n    exports={'shop_items': ['ID']},\n)\n"
    (tmp_path / "shop/definition.py").write_text(text)
    (problem,) = found(tmp_path).problems
    assert (problem.line, "cannot be a column" in problem.message) == (5, True)


def found(folder):
    with ReaderHere() as reader:
        return discover([Place(folder)], reader)


@given(st.text(max_size=70) | st.from_regex(r"[a-z_0-9A-Z.]{0,70}", fullmatch=True))
def test_a_name_that_is_let_through_needs_no_quotes(name):
    assert (why_no_name(name) is None) == bool(re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name))
