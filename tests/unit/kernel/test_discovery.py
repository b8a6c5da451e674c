import json
import sys
from pathlib import Path

import pytest

from klods.kernel.catalog import Catalog, Origin
from klods.kernel.definition import FrontendType, ModuleDefinition
from klods.kernel.discovery import Place, discover, entry_points, read_wishes
from klods.testing.memory import ReaderHere

DEFINITION = "from klods.kernel.definition import FrontendType, ModuleDefinition\n"


@pytest.fixture
def shelf(tmp_path: Path):
    def lay(**files: object) -> Path:
        for name, content in files.items():
            path = tmp_path / "modules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return tmp_path / "modules"

    return lay


def found(*folders: Path) -> Catalog:
    with ReaderHere() as reader:
        return discover([Place(folder) for folder in folders], reader)


def told(catalog: Catalog) -> list[str]:
    return [f"{problem.module}: {problem.message}" for problem in catalog.problems]


def test_enabled_alone_makes_a_module_named_after_its_folder(shelf):
    catalog = found(shelf(**{"invoice_scanner/module.json": {"enabled": True}}))
    definition = catalog["invoice_scanner"].definition
    assert (definition.name, definition.wish, definition.table_prefix) == ("Invoice scanner", True, "invoice_scanner_")
    assert catalog["invoice_scanner"].source.package == "klods.modules.invoice_scanner"


def test_a_definition_alone_makes_the_same_module_as_a_manifest(shelf):
    said = "code='cms', name='CMS', is_core=True, features=['pages'], menu_items={FrontendType.ADMIN: ['pages']}"
    said_too = {"name": "CMS", "is_core": True, "features": ["pages"], "menu_items": {"admin": ["pages"]}}
    one = found(shelf(**{"cms/definition.py": f"{DEFINITION}cms_module = ModuleDefinition({said})"}))
    two = found(shelf(**{"../other/cms/module.json": said_too}).parent / "other")
    assert one["cms"].definition == two["cms"].definition
    assert not one.problems


def test_both_files_make_one_definition(shelf):
    catalog = found(
        shelf(
            **{
                "cms/module.json": {"version": "2.0", "enabled": True},
                "cms/definition.py": f"{DEFINITION}m = ModuleDefinition(code='cms', name='Pages', is_core=True, on_enable=print)",
            }
        )
    )
    definition = catalog["cms"].definition
    assert (definition.name, definition.version, definition.is_core, definition.wish) == ("Pages", "2.0", True, True)


def test_what_cannot_be_read_without_running_is_asked_of_the_reader(shelf):
    computed = f"{DEFINITION}NAME = 'Pages'\nm = ModuleDefinition(code='cms', name=NAME, features=sorted(['b', 'a']))"
    catalog = found(shelf(**{"cms/module.json": {}, "cms/definition.py": computed}))
    assert catalog["cms"].definition.name == "Pages"
    assert catalog["cms"].definition.features == ("a", "b")


def test_a_disagreement_between_the_files_is_a_problem_at_the_line(shelf):
    files = {
        "cms/module.json": {"version": "2.0"},
        "cms/definition.py": f"{DEFINITION}m = ModuleDefinition(\n    code='cms', name='CMS',\n    version='1.5',\n)",
    }
    catalog = found(shelf(**files))
    (problem,) = catalog.problems
    assert problem.message == "module.json says version is '2.0', definition.py says '1.5'"
    assert problem.where.endswith("cms/definition.py:4")
    assert "cms" in catalog.broken


def test_files_that_spell_the_same_differently_agree(shelf):
    files = {
        "cms/module.json": {"requires": ["stock"], "menu_items": {"admin": [{"id": "a"}]}},
        "cms/definition.py": f"{DEFINITION}m = ModuleDefinition(code='cms', name='CMS', requires=['stock'], menu_items={{FrontendType.ADMIN: ['a']}})",
    }
    assert not found(shelf(**files)).problems


def test_a_template_folder_is_no_module(shelf):
    assert not found(shelf(**{"_template/module.json": {}, ".git/module.json": {}, "__pycache__/definition.py": ""}))


def test_a_file_among_the_modules_is_passed_over(shelf):
    assert list(found(shelf(**{"README.md": "hello", "cms/module.json": {}}))) == ["cms"]


def test_a_folder_that_looks_like_a_module_is_mentioned(shelf):
    catalog = found(shelf(**{"shop/backend/router.py": "", "pictures/a.txt": ""}))
    (problem,) = catalog.problems
    assert problem.warning
    assert problem.module == "shop"


def test_a_place_that_does_not_exist_holds_no_modules(tmp_path):
    assert not found(tmp_path / "nowhere").problems


def test_a_broken_module_hides_no_other(shelf):
    catalog = found(
        shelf(
            **{
                "a/module.json": "{",
                "b/definition.py": "x = = 1",
                "c/definition.py": "import nowhere_to_be_found",
                "d/module.json": {},
                "e/definition.py": "import sys; sys.exit()",
                "f/definition.py": "x = 1",
            }
        )
    )
    assert list(catalog) == ["d"]
    assert set(catalog.broken) == set("abcef")
    assert all(problem.line for problem in catalog.problems)
    assert {problem.module for problem in catalog.problems} == set("abcef")


def test_an_error_while_running_a_definition_is_placed_in_the_module(shelf):
    (problem,) = found(shelf(**{"c/definition.py": "\nimport nowhere_to_be_found"})).problems
    assert problem.where.endswith("c/definition.py:2")


@pytest.mark.parametrize(
    "wrong",
    [
        "version=1",
        "features=5",
        "is_core='yes'",
        "menu_items={'nobody': []}",
        "requires=['A']",
        "migrations_path='/etc'",
        "nosuch=1",
    ],
)
def test_wrong_values_in_a_definition_are_problems(shelf, wrong):
    for files in ({}, {"c/module.json": {}}):
        catalog = found(
            shelf(**files, **{"c/definition.py": f"{DEFINITION}m = ModuleDefinition(code='c', name='C', {wrong})"})
        )
        assert catalog.problems.errors
        assert "c" in catalog.broken


def test_codes_that_are_equal_in_python_collide_and_name_both_folders(shelf):
    catalog = found(shelf(**{"dev-tools/module.json": {}, "dev_tools/module.json": {}, "other/module.json": {}}))
    (problem,) = catalog.problems
    assert all(name in problem.message for name in ("/dev-tools", "/dev_tools"))
    assert len(catalog) == 2
    assert len(catalog.broken) == 1


def test_the_earlier_place_keeps_a_name(shelf, tmp_path):
    first = shelf(**{"cms/module.json": {"name": "built in"}})
    second = shelf(**{"../mine/cms/module.json": {"name": "mine"}}).parent / "mine"
    catalog = found(first, second)
    assert catalog["cms"].definition.name == "built in"
    assert "two modules share one name" in told(catalog)[0]


def test_a_stranger_cannot_take_a_code_from_the_folder_of_that_name(shelf):
    catalog = found(shelf(**{"aaa/module.json": {"code": "cms"}, "cms/module.json": {}}))
    assert catalog["cms"].source.folder.name == "cms"


def test_another_code_than_the_folder_is_a_warning(shelf):
    (problem,) = found(shelf(**{"tools/module.json": {"code": "dev-tools"}})).problems
    assert problem.warning


def test_a_folder_with_an_impossible_name_is_reported_not_fatal(shelf):
    catalog = found(shelf(**{"My Module/module.json": {}, "cms/module.json": {}}))
    assert list(catalog) == ["cms"]
    assert "My Module" in catalog.broken


def test_installed_distributions_are_found_without_importing_them(tmp_path, monkeypatch):
    package = tmp_path / "acme/billing"
    package.mkdir(parents=True)
    (tmp_path / "acme/__init__.py").write_text("raise RuntimeError")
    (package / "module.json").write_text('{"code": "billing"}')
    info = tmp_path / "acme_billing-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: acme-billing\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[klods.modules]\nbilling = acme.billing\ngone = acme.gone\nlost = nowhere\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with ReaderHere() as reader:
        catalog = discover(entry_points(), reader)
    assert "acme" not in sys.modules
    source = catalog["billing"].source
    assert (source.package, source.folder, source.origin) == ("acme.billing", package, Origin.DISTRIBUTION)
    assert {problem.module for problem in catalog.problems} == {"gone", "nowhere"}


def test_frontends_survive_both_spellings(shelf):
    catalog = found(shelf(**{"cms/module.json": {"menu_items": {"vendor": ["media"]}}}))
    assert isinstance(catalog["cms"].definition, ModuleDefinition)
    assert FrontendType.VENDOR in catalog["cms"].definition.menu_items


def test_wishes_are_read_alone_and_say_what_reading_everything_says(shelf):
    folder = shelf(
        **{
            "on/module.json": {"enabled": True},
            "off/module.json": {"enabled": False, "code": "other"},
            "silent/module.json": {"name": "Says nothing"},
            "broken/module.json": '{"enabled": ',
            "odd/module.json": {"enabled": "perhaps"},
            "python/definition.py": DEFINITION + 'it = ModuleDefinition(code="python", name="Python")\n',
        }
    )
    wishes = dict(read_wishes([Place(folder), Place(folder / "nowhere")]))
    definitions = found(folder).definitions
    assert wishes == {code: it.wish for code, it in definitions.items() if it.wish is not None}
    assert wishes == {"on": True, "other": False}
