import sys
from pathlib import Path

import pytest

from klods.kernel import verify
from klods.kernel.catalog import Catalog
from klods.kernel.discovery import Place, discover
from klods.kernel.problems import Problem, Problems
from klods.testing.memory import ReaderHere

SAMPLES = Path(__file__).parents[2] / "samples" / "modules"

SOUND = {"healthy", "reads_agreed", "told_in_python", "taken-name"}
SOUND_TO_LOOK_AT = {"hook_failing", "exits_on_import", "never_loads", "migration_failing", "migration_outside"}

WRONG = {
    "api": ["definition api/module.json:1"],
    "broken_definition": ["definition broken_definition/definition.py:5"],
    "calls_unmarked": [
        *["calls calls_unmarked/services/counting.py:4"] * 2,
        "calls calls_unmarked/services/whole.py:12",
        "calls calls_unmarked/services/whole.py:8",
    ],
    "core_needs_optional": ["core core_needs_optional/module.json:4"],
    "disagreeing": ["definition disagreeing/definition.py:8"],
    "empty_definition": ["import empty_definition/definition.py:1"],
    "exports_foreign": ["grants exports_foreign/module.json:3"],
    "hollow": ["parts hollow/module.json:4", "parts hollow/module.json:5"],
    "imports_inside": ["imports imports_inside/backend/router.py:5"],
    "imports_unasked": ["imports imports_unasked/tasks.py:5"],
    "locale_gaps": [
        "locales locale_gaps/locales/da.json:1",
        "locales locale_gaps/locales/da.json:1",
        "locales locale_gaps/locales/ru.json:3",
    ],
    "locale_no_english": ["locales locale_no_english/locales/en.json:1"],
    "lonely": ["requires lonely/module.json:3"],
    "migration_double": ["migrations migration_double/migrations/002_two.sql:1"],
    "migration_gap": ["migrations migration_gap/migrations/003_more.sql:1"],
    "migration_heads": ["migrations migration_heads/migrations/versions/migration_heads_003_b.py:2"],
    "migration_nameless": ["migrations migration_nameless/migrations/init.sql:1"],
    "migration_orphan": ["migrations migration_orphan/migrations/versions/migration_orphan_002_b.py:2"],
    "missing_file": ["imports missing_file/backend/router.py:5"],
    "missing_import": ["imports missing_import/backend/router.py:3"],
    "needs_broken": ["requires needs_broken/module.json:3"],
    "needs_newer": ["prefix needs_newer/module.json:1", "versions needs_newer/module.json:3"],
    "odd_words": ["wording odd_words/module.json:3", *["wording odd_words/module.json:4"] * 3],
    "other_host": ["host_version other_host/module.json:3"],
    "outside_unheld": ["outside outside_unheld/tasks.py:3", "outside outside_unheld/tasks.py:4"],
    "prefix_clash": ["prefix prefix_clash/module.json:3"],
    "prefix_odd": ["definition prefix_odd/module.json:3"],
    "raising_definition": ["import raising_definition/definition.py:5"],
    "reads_hidden": ["grants reads_hidden/module.json:4", "grants reads_hidden/module.json:5"],
    "reads_host": ["grants reads_host/module.json:3", *["grants reads_host/module.json:4"] * 2],
    "reads_unasked": ["grants reads_unasked/module.json:3"],
    "ring_one": ["ring ring_one/module.json:3"],
    "ring_three": ["ring ring_three/module.json:3"],
    "ring_two": ["ring ring_two/module.json:3"],
    "routes_mixed": ["routes routes_mixed/frontend/views.py:13"],
    "routes_outside": ["routes routes_outside/backend/router.py:8"],
    "syntax_error": ["syntax syntax_error/backend/router.py:5"],
    "tables_odd": [f"definition tables_odd/module.json:{line}" for line in (3, 3, 4, 4, 5)],
    "taken_name": ["discovery taken_name/module.json:1"],
    "unknown_key": ["manifest unknown_key/module.json:3"],
    "wrong_json": ["manifest wrong_json/module.json:4"],
    "wrong_values": [f"manifest wrong_values/module.json:{line}" for line in (3, 4, 5)],
}


def look(folder: Path) -> tuple[Catalog, Problems]:
    with ReaderHere() as reader:
        catalog = discover([Place(folder)], reader)
    return catalog, verify.problems(catalog)


def spot(problem: Problem, folder: Path = SAMPLES) -> str:
    return f"{problem.rule} {Path(problem.file).relative_to(folder).as_posix()}:{problem.line}"


@pytest.fixture(scope="module")
def samples() -> tuple[Catalog, Problems]:
    return look(SAMPLES)


@pytest.mark.parametrize("code", sorted(WRONG))
def test_each_wrong_module_is_reported_at_its_line_and_beside_all_others(samples, code):
    assert sorted(spot(problem) for problem in samples[1].of(code)) == WRONG[code]


def test_the_healthy_ones_are_found_and_nothing_is_said_about_them(samples):
    catalog, problems = samples
    assert catalog.keys() >= SOUND | SOUND_TO_LOOK_AT
    assert {problem.module for problem in problems} == WRONG.keys()


def test_every_sample_is_spoken_of(samples):
    folders = {folder.name for folder in SAMPLES.iterdir() if folder.is_dir() and folder.name[0] != "_"}
    assert folders == WRONG.keys() | SOUND | SOUND_TO_LOOK_AT
    assert folders == samples[0].keys() | samples[0].broken.keys()


def test_looking_runs_no_part_of_any_module(samples):
    assert not [name for name in sys.modules if name.startswith("klods.modules.")]


@pytest.fixture
def checked(tmp_path: Path):
    def check(**files: str) -> list[str]:
        for name, text in {"shop/module.json": '{"requires": ["stock"]}', "stock/module.json": "{}", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [f"{spot(problem, tmp_path)} {problem.message}" for problem in look(tmp_path)[1]]

    return check


@pytest.mark.parametrize(
    "line",
    [
        "from klods.modules.stock.api import take",
        "from klods.modules.stock import api",
        "import klods.modules.stock.contracts",
        "from klods.modules.stock.events.taken import Taken",
        "from app.modules.stock.api import take",
        "from ...stock.api import take",
        "import importlib; importlib.import_module('klods.modules.stock.api')",
        "from klods.modules.shop.services import x",
        "from ..services import x",
        "from .. import services",
        "import klods.modules",
        "from klods import execute_query",
        "import json, os.path as p",
    ],
)
def test_these_imports_are_allowed(checked, line):
    assert checked(**{"shop/backend/router.py": f"{line}\n", "shop/services.py": "x = 1\n"}) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("from klods.modules import stock", "imports the inside of stock"),
        ("from klods.modules.stock.services import take", "imports the inside of stock"),
        ("import klods.modules.stock.models.item", "imports the inside of stock"),
        ("from klods.modules.stock import take", "imports the inside of stock"),
        ("from app.modules.stock.models import Item", "imports the inside of stock"),
        ("from ...stock import models", "imports the inside of stock"),
        ("import_module('klods.modules.stock.services')", "imports the inside of stock"),
        ("from klods.modules.gone.api import x", "a module that was not found"),
        ("from klods.modules import gone", "a module that was not found"),
        ("from ..nowhere import x", "there is no nowhere"),
        ("from . import helpers", "there is no helpers"),
        ("import nobody_has_this.inside", "nobody_has_this, which is not installed"),
    ],
)
def test_these_imports_are_not(checked, line, told):
    (message,) = checked(**{"shop/backend/router.py": f"x = 1\n{line}\n"})
    assert message.startswith("imports shop/backend/router.py:2")
    assert told in message


def test_an_import_that_may_fail_is_the_author_s_own_affair(checked):
    soft = "try:\n    import nobody_has_this\nexcept (ImportError, OSError):\n    nobody_has_this = None\n"
    assert checked(**{"shop/tasks.py": soft}) == []
    assert checked(**{"shop/tasks.py": soft.replace("(ImportError, OSError)", "KeyError")})


def test_a_module_s_tests_may_import_what_they_like(checked):
    assert (
        checked(**{"shop/tests/test_x.py": "from klods.modules.stock.services import take\nimport nobody_has_this\n"})
        == []
    )


ROUTER = "from fastapi import APIRouter\n{name} = APIRouter({prefix})\n@{name}.get({path})\ndef one(): ...\n@{name}.post({other})\ndef two(): ...\n"


@pytest.mark.parametrize(
    ("file", "name", "prefix", "paths", "wrong"),
    [
        ("backend/router", "router", "", ("'/items'", "'/items/{id}'"), 0),
        ("backend/router", "router", "prefix='/api/v1/shop'", ("'/items'", "''"), 0),
        ("backend/router", "router", "prefix='/shop'", ("'/items'", "'/x'"), 0),
        ("backend/router", "router", "", ("'/shop/scan'", "'/shop'"), 0),
        ("backend/router", "router", "", ("'/shop/scan'", "'/scan'"), 1),
        ("backend/router", "router", "", ("'/shopping'", "'/scan'"), 0),
        ("backend/router", "router", "prefix='/api/v1/stock'", ("'/items'", "'/x'"), 2),
        ("backend/router", "router", "prefix=PREFIX", ("'/api/x'", "'/x'"), 0),
        ("backend/router", "router", "", ("path='/api/x'", "compute()"), 1),
        ("backend/router", "router", "", ("'/health'", "'/docs/{id}'"), 0),
        ("backend/router", "router", "", ("'/api/v1/shop/a'", "'/shop/b'"), 1),
        ("routes/admin", "admin_router", "prefix='/api/admin/shop'", ("'/a'", "'/b'"), 0),
        ("routes/admin", "admin_router", "prefix='/api/admin/other'", ("'/a'", "'/b'"), 2),
        ("routes/vendor", "vendor_router", "prefix='/api/vendor/shop'", ("'/a'", "'/b'"), 0),
        ("frontend/views", "router", "", ("'/shop'", "'/vendor/shop/x'"), 0),
        ("frontend/views", "router", "", ("'/vendor/other'", "'/x'"), 1),
    ],
)
def test_routes_stand_inside_their_prefix_or_leave_it_out(checked, file, name, prefix, paths, wrong):
    text = ROUTER.format(name=name, prefix=prefix, path=paths[0], other=paths[1])
    assert len(checked(**{f"shop/{file}.py": text})) == wrong


def test_a_deeply_nested_file_stops_nothing(checked):
    assert (
        len(checked(**{"shop/tasks.py": "x = " + "1+" * 20_000 + "1\n", "shop/api.py": "import nobody_has_this"})) >= 1
    )


def test_a_path_that_leaves_the_folder_is_refused(checked):
    (message,) = checked(**{"shop/module.json": '{"migrations_path": "../stock/migrations"}'})
    assert "must stay inside" in message


INTERNAL = '{"is_internal": true, "menu_items": {"vendor": ["offers"]}}'


def test_an_internal_module_has_nothing_for_vendors(checked):
    told = checked(**{
        "shop/module.json": INTERNAL,
        "shop/routes/vendor.py": ROUTER.format(name="vendor_router", prefix="", path="'/a'", other="'/b'"),
        "shop/frontend/views.py": ROUTER.format(name="router", prefix="", path="'/shop'", other="'/vendor/shop/x'"),
    })  # fmt: skip
    assert sorted(told) == [
        "class shop/frontend/views.py:5 is internal, for admins only, and has the page '/vendor/shop/x' for vendors",
        "class shop/module.json:1 is internal, for admins only, and has menu items for vendors",
        "class shop/routes/vendor.py:1 is internal, for admins only, and has routes for vendors",
    ]


def test_a_wrapper_of_names_alone_is_a_valid_module(checked):
    wrapper = '{"features": ["pricing"], "permissions": ["shop.read"], "menu_items": {"admin": [{"id": "a", "path": "/stock"}]}}'
    assert checked(**{"shop/module.json": wrapper}) == []


def test_conflicts_are_read_from_both_spellings_and_wrong_ones_are_told(checked, tmp_path):
    assert checked(**{"shop/module.json": '{"conflicts": ["stock>=2"]}', "other/definition.py": SPOKEN}) == []
    catalog = look(tmp_path)[0]
    assert [str(catalog[code].definition.conflicts[0]) for code in ("shop", "other")] == ["stock>=2", "shop<1"]
    assert (
        "conflicts with stock" in checked(**{"shop/module.json": '{"requires": ["stock"], "conflicts": ["stock"]}'})[0]
    )
    assert "conflicts with itself" in checked(**{"shop/module.json": '{"conflicts": ["shop"]}'})[0]
    assert "conflicts.0: 'st ock>'" in checked(**{"shop/module.json": '{"conflicts": ["st ock>"]}'})[0]


SPOKEN = "from klods import ModuleDefinition\nit = ModuleDefinition(code='other', name='Other', conflicts=['shop<1'])\n"


TABLES = """
-- create table shop_commented (id int);
create table if not exists shop_rates (
    id int
);
create table shop_items (id int, platform_id bigint);
create table public.shop_days (id int);
create table shop_copies as select 1 as id;
"""


def test_tables_that_platforms_would_share_are_named_with_their_line(checked):
    later = "alter table shop_days add column platform_id bigint not null default klods.platform();"
    files = {"shop/migrations/001_init.sql": TABLES, "shop/migrations/002_more.sql": later}
    (told,) = checked(**files)
    assert told.startswith("shared shop/migrations/001_init.sql:3 the table shop_rates has no platform_id")
