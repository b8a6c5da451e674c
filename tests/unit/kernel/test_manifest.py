import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klods.kernel.definition import FrontendType, MenuItem, ModuleDefinition, Requirement
from klods.kernel.manifest import KEYS, read_manifest


@pytest.fixture
def manifest(tmp_path: Path):
    def read(text: str | bytes):
        (tmp_path / "shop").mkdir(exist_ok=True)
        (tmp_path / "shop/module.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_manifest(tmp_path / "shop")

    return read


def told(problems) -> list[str]:
    return [f"{problem.line}: {problem.message}" for problem in problems]


def test_enabled_alone_is_a_whole_manifest(manifest):
    fields, problems = manifest('{"enabled": false}')
    assert fields == {"wish": False}
    assert not problems


def test_a_folder_without_a_manifest_says_nothing(tmp_path):
    fields, problems = read_manifest(tmp_path)
    assert fields == {}
    assert not problems


def test_every_kind_of_field_is_read(manifest):
    text = {
        "code": "shop", "name": "Shop", "version": "2.1", "requires": ["payments>=1.2"], "dependencies": ["stock"],
        "menu_items": {"admin": ["orders", {"id": "returns", "order": 5}]}, "is_core": True, "async": "native",
        "reads": {"stock": ["stock_items"]}, "default_config": {"limit": 5},
    }  # fmt: skip
    fields, problems = manifest(json.dumps(text))
    assert not problems
    assert fields["requires"] == (Requirement("payments", ">=1.2"), Requirement("stock"))
    assert fields["menu_items"] == {FrontendType.ADMIN: (MenuItem("orders"), MenuItem("returns", order=5))}
    assert fields["native_async"] is True
    assert ModuleDefinition(**fields).default_config == {"limit": 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n "name": "Shop",\n "version" "1.0"\n}', ["3: module.json is not valid JSON: Expecting ':' delimiter, column 12"]),
        ('{\n "name": "Shop"\n "version": "1.0"\n}', ["3: module.json is not valid JSON: Expecting ',' delimiter, column 2"]),
        ("", ["1: module.json is not valid JSON: Expecting value, column 1"]),
        ("[]", ["1: module.json must hold one object"]),
        ('{\n\n "enabled": "yes"}', ["3: module.json: enabled: input should be a valid boolean"]),
        ('{\n "code": "Shop"}', ["2: module.json: code: it cannot be a code: a code is lower-case letters and digits, begins with a letter, and is parted by single _ or -"]),
        ('{\n "code": "api"}', ["2: module.json: code: it cannot be a code: the host uses this word in its own addresses"]),
        ('{"version": "one"}', ["1: module.json: version: invalid version: 'one'"]),
        ('{"host_version": "new"}', ["1: module.json: host_version: invalid specifier: 'new'"]),
        ('{"requires": ["ok", "pay ments>"]}', ["1: module.json: requires.1: 'pay ments>' is not a module and a version range, as payments>=1.2"]),
        ('{"migrations_path": "../other/migrations"}', ["1: module.json: migrations_path: the path must stay inside the module's folder"]),
        ('{"menu_items": {"admin": [{"label": "x"}]}}', ["1: module.json: menu_items.admin.0.id: field required"]),
        ('{\n "name": "a",\n "name": "b"}', ["2: module.json says 'name' twice, again on line 3"]),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_line(manifest, text, expected):
    assert told(manifest(text)[1]) == expected


def test_an_unknown_key_is_a_warning_that_names_the_nearest(manifest):
    fields, problems = manifest('{\n "enabled": true,\n "verison": "1"\n}')
    (problem,) = problems
    assert (problem.line, problem.warning, problem.hint) == (3, True, "Did you mean 'version'?")
    assert fields == {"wish": True}


def test_one_wrong_value_does_not_hide_the_others(manifest):
    fields, problems = manifest('{"version": 1, "name": 2, "description": "kept"}')
    assert len(problems) == 2
    assert fields == {"description": "kept"}


def test_a_key_inside_another_value_is_not_mistaken_for_the_line(manifest):
    _, problems = manifest('{\n "default_config": {"version": 5},\n "version": 5\n}')
    assert [problem.line for problem in problems] == [3]


def test_problems_bear_the_code_and_the_file(manifest, tmp_path):
    (problem,) = manifest('{"code": "other", "version": 1}')[1]
    assert (problem.module, problem.file) == ("other", str(tmp_path / "shop/module.json"))


@pytest.mark.parametrize(
    "text", [b"\xff\xfe{", b'{"name": "\\ud800"}', b"[" * 100_000, b'{"order": ' + b"9" * 5000 + b"}"]
)
def test_hostile_bytes_are_a_problem_and_no_crash(manifest, text):
    assert manifest(text)[1]


def test_a_byte_order_mark_does_no_harm(manifest):
    assert manifest(b'\xef\xbb\xbf{"enabled": true}')[0] == {"wish": True}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    value=st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(), JSON, max_size=6) | JSON,
    indent=st.sampled_from([None, 2]),
)
def test_any_json_gives_fields_or_problems(tmp_path_factory, value, indent):
    folder = tmp_path_factory.mktemp("any")
    (folder / "module.json").write_text(json.dumps(value, indent=indent))
    fields, problems = read_manifest(folder)
    assert ModuleDefinition(**({"code": "x", "name": "x"} | fields))
    assert isinstance(value, dict) or problems.errors


@settings(max_examples=200, deadline=None)
@given(text=st.text() | st.text(alphabet='{}[]",: \n0aenbldtru'))
def test_any_text_gives_fields_or_problems(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("text")
    (folder / "module.json").write_text(text, encoding="utf-8", errors="replace")
    fields, problems = read_manifest(folder)
    assert fields == {} or isinstance(fields, dict)
    assert problems or isinstance(json.loads(text), dict)
