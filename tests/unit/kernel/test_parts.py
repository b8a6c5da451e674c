import sys
from pathlib import Path

import pytest

from klods.errors import PartFailed
from klods.kernel.catalog import Origin, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.parts import load_definition, load_part, present

DEFINITION = "from klods.kernel.definition import ModuleDefinition\n"


@pytest.fixture
def importer():
    with ModuleImporter() as importer:
        yield importer


@pytest.fixture
def module(tmp_path: Path, importer: ModuleImporter):
    def make(code: str = "shop", /, **files: str) -> Source:
        folder = tmp_path / f"{code}-files"
        for name, text in files.items():
            path = folder / f"{name if '/' in name else name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        source = Source(code, folder, f"klods.modules.{code}")
        importer.mount(source)
        return source

    return make


def failure(source: Source, part: str = "backend") -> PartFailed:
    with pytest.raises(PartFailed) as caught:
        load_part(source, part)
    return caught.value


def test_a_part_that_is_not_there_is_nothing_to_load(module):
    assert load_part(module(api="answer = 42"), "backend") is None


def test_a_router_is_found_without_any_init_file(module):
    assert load_part(module(backend__router="router = 'mine'"), "backend") == "mine"


def test_a_part_without_a_name_is_the_file_itself(module):
    assert vars(load_part(module(api="answer = 42"), "api"))["answer"] == 42


def test_parts_may_be_packages(module):
    source = module(**{"tasks/__init__": "from .daily import job", "tasks/daily": "job = 1"})
    assert present(source) == ("tasks",)
    assert vars(load_part(source, "tasks"))["job"] == 1


def test_a_file_without_the_wanted_name_is_named(module):
    error = failure(module(backend__router="rooter = 1"))
    assert "backend/router.py has no 'router'" in str(error)


def test_an_error_is_placed_at_the_last_line_of_own_code(module):
    source = module(
        backend__router="import json\n\nfrom ..services import load\n", services="import json\njson.loads('{')\n"
    )
    error = failure(source)
    assert error.data["where"] == "services.py:2"
    assert "JSONDecodeError" in str(error)


def test_a_syntax_error_is_placed_at_its_own_line_not_at_the_import(module):
    source = module(backend__router="from ..models import Thing\n", models="x = 1\ny = = 2\n")
    assert failure(source).data["where"] == "models.py:2"


def test_a_missing_import_names_the_file_and_line_that_wants_it(module):
    error = failure(module(backend__router="x = 1\nimport nowhere_to_be_found\n"))
    assert error.data["where"] == "backend/router.py:2"
    assert "nowhere_to_be_found" in str(error)


def test_a_null_byte_still_gives_a_place(module):
    assert failure(module(backend__router="x = 1\0")).data["where"].startswith("backend/router.py:")


def test_code_that_ends_the_process_ends_only_its_own_loading(module):
    error = failure(module(api="import sys\nsys.exit(3)\n"), "api")
    assert error.data["where"] == "api.py:2"
    assert "exit 3" in str(error)


def test_an_interrupt_by_a_person_is_not_swallowed(module):
    with pytest.raises(KeyboardInterrupt):
        load_part(module(api="raise KeyboardInterrupt"), "api")


def test_a_failed_part_can_be_loaded_once_it_is_mended(module):
    source = module(api="raise RuntimeError")
    failure(source, "api")
    (source.folder / "api.py").write_text("mended = True  # and longer than before")
    assert vars(load_part(source, "api"))["mended"]


def test_another_folder_behind_a_name_forgets_what_was_loaded(module, importer, tmp_path):
    old = module(api="version = 1", services="")
    load_part(old, "api")
    (tmp_path / "new").mkdir()
    (tmp_path / "new/api.py").write_text("version = 2")
    new = Source("shop", tmp_path / "new", old.package)
    importer.mount(new)
    assert vars(load_part(new, "api"))["version"] == 2


def test_mounting_the_same_folder_again_keeps_what_was_loaded(module, importer):
    source = module(api="")
    first = load_part(source, "api")
    importer.mount(source)
    assert load_part(source, "api") is first


def test_what_was_removed_cannot_be_imported(module, importer):
    source = module(api="")
    load_part(source, "api")
    importer.unmount(source.package)
    assert not [name for name in sys.modules if name.startswith("klods.modules.shop")]
    assert "ModuleNotFoundError" in str(failure(source, "api"))


def test_distributions_keep_their_own_import_name(importer):
    importer.mount(Source("json", Path("/nowhere"), "json", Origin.DISTRIBUTION))
    assert importer.mounted("json") is None


def test_the_live_definition_adds_callables_to_the_static_one(module):
    source = module(
        definition=DEFINITION + "d = ModuleDefinition(code='shop', name='Other', on_enable=lambda platform: platform)"
    )
    live = load_definition(source, ModuleDefinition(code="shop", name="Shop", version="2"))
    assert live.on_enable is not None
    assert (live.name, live.version) == ("Shop", "2")


def test_plain_functions_are_callables_too(module):
    source = module(definition="def health_check():\n    return {'status': 'healthy'}\n")
    live = load_definition(source, ModuleDefinition(code="shop", name="Shop"))
    assert live.health_check is not None
    assert live.health_check() == {"status": "healthy"}


def test_without_a_definition_file_the_static_one_is_live(module):
    static = ModuleDefinition(code="shop", name="Shop")
    assert load_definition(module(api=""), static) is static


def test_one_definition_under_two_names_is_one(module):
    source = module(definition=DEFINITION + "a = b = ModuleDefinition(code='shop', name='Shop', on_startup=print)")
    assert load_definition(source, ModuleDefinition(code="shop", name="Shop")).on_startup is print


def test_two_definitions_in_one_file_are_refused(module):
    source = module(definition=DEFINITION + "a, b = [ModuleDefinition(code='shop', name=n) for n in 'ab']")
    with pytest.raises(PartFailed, match="2 definitions"):
        load_definition(source, ModuleDefinition(code="shop", name="Shop"))
