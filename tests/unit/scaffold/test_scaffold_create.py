import ast
import errno
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klods.errors import CannotWrite, NameTaken
from klods.kernel.names import LONGEST_CODE, python_name, why_not
from klods.scaffold import create as scaffold
from klods.scaffold.check import compare
from klods.scaffold.create import DRAFT, create_module
from klods.scaffold.words import Words

codes = st.from_regex(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", fullmatch=True).filter(lambda code: why_not(code) is None)
TEMPLATES = ["basic", "full"]


def texts(folder):
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_module_has_all_its_files_and_its_own_names_everywhere(tmp_path, template):
    made = create_module(Words("dev-tools", "Værktøj"), tmp_path, template)
    found = texts(made.folder)
    assert made.folder == tmp_path / "dev_tools"
    assert sorted(found) == sorted(made.files)
    assert not [name for name, text in found.items() if "sample" in (name + text).lower()]
    assert json.loads(found["module.json"]) | {
        "code": "dev-tools",
        "name": "Dev Tools",
        "enabled": False,
    } == json.loads(found["module.json"])


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_module_is_what_check_wants(tmp_path, template):
    assert compare(create_module(Words("x"), tmp_path, template).folder) == ()


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(code=codes, description=st.text())
def test_any_code_and_description_make_files_that_can_be_read(tmp_path_factory, template, code, description):
    folder = create_module(Words(code, description), tmp_path_factory.mktemp("m"), template).folder
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text("utf-8"))
        assert path.stem.isidentifier()
    for path in folder.rglob("*.json"):
        json.loads(path.read_text("utf-8"))
    for path in folder.rglob("*.html"):
        HTMLParser().feed(path.read_text("utf-8"))
    assert json.loads((folder / "module.json").read_text("utf-8"))["table_prefix"] == f"{python_name(code)}_"


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_three_languages_have_the_same_keys_and_placeholders(tmp_path, template):
    folder = create_module(Words("x"), tmp_path, template).folder / "locales"
    shapes = [shape(json.loads((folder / f"{language}.json").read_text("utf-8"))) for language in ("en", "da", "ru")]
    assert shapes[0] == shapes[1] == shapes[2]


def shape(tree):
    if isinstance(tree, dict):
        return {key: shape(value) for key, value in tree.items()}
    return sorted(word.partition("}")[0] for word in tree.split("{")[1:])


def test_names_in_the_database_fit_with_the_longest_code(tmp_path):
    code = "a" * LONGEST_CODE
    words = " ".join(texts(create_module(Words(code), tmp_path, "full").folder / "migrations").values()).split()
    assert max(len(word.strip('",();')) for word in words) <= 63


def as_it_is(path):
    """What changes when somebody touches it; looking at it changes only the time of access."""
    known = os.lstat(path)
    return known.st_ino, known.st_mode, known.st_size, known.st_mtime_ns


@pytest.mark.parametrize("there", ["empty folder", "module", "file", "dangling link"])
def test_what_is_there_already_is_never_touched(tmp_path, there):
    target = tmp_path / "x"
    if there == "file":
        target.write_text("mine")
    elif there == "dangling link":
        target.symlink_to("nowhere")
    else:
        target.mkdir()
        if there == "module":
            (target / "notes.txt").write_text("mine")
    before = as_it_is(target)
    with pytest.raises(NameTaken):
        create_module(Words("x"), tmp_path)
    assert as_it_is(target) == before
    assert names_in(tmp_path) == ["x"]


def test_codes_that_differ_only_in_hyphens_collide(tmp_path):
    create_module(Words("dev-tools"), tmp_path)
    with pytest.raises(NameTaken, match="dev_tools"):
        create_module(Words("dev_tools"), tmp_path)


def test_a_code_is_taken_whatever_the_folder_is_called(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "module.json").write_text('{"code": "my-module"}')
    with pytest.raises(NameTaken, match="other is a module of that name"):
        create_module(Words("my_module"), tmp_path)


def test_built_in_modules_keep_their_names(tmp_path, monkeypatch):
    builtin = tmp_path / "builtin"
    (builtin / "customers").mkdir(parents=True)
    monkeypatch.setattr("klods.scaffold.taken.BUILTIN", builtin)
    with pytest.raises(NameTaken, match="built-in"):
        create_module(Words("customers"), tmp_path / "modules")


@pytest.mark.parametrize(
    ("first", "second", "prefix"),
    [("invoice", "invoice_scanner", "invoicescanner_"), ("invoice_scanner", "invoice", "mod_invoice_")],
)
def test_no_table_prefix_begins_with_another(tmp_path, first, second, prefix):
    create_module(Words(first), tmp_path)
    folder = create_module(Words(second), tmp_path).folder
    assert json.loads((folder / "module.json").read_text())["table_prefix"] == prefix
    assert f"CREATE TABLE {prefix}items" in (folder / "migrations/001_init.sql").read_text()
    assert f"FROM {prefix}items" in (folder / "backend/items.py").read_text()


@pytest.mark.parametrize("broken", ["", "[1]", "{", '{"code": 7, "table_prefix": null}', "\xff"])
def test_a_broken_neighbour_is_in_nobodys_way(tmp_path, broken):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "module.json").write_bytes(broken.encode("latin-1"))
    assert create_module(Words("x"), tmp_path).folder.is_dir()


@pytest.mark.parametrize("failing", range(1, 37, 5))
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, failing):
    calls = iter(range(1, 1000))
    sync = os.fsync

    def full(handle):
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match="No space left"):
        create_module(Words("x"), tmp_path, "full")
    assert names_in(tmp_path) == []


def test_a_place_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="file"):
        create_module(Words("x"), tmp_path / "file" / "modules")


def test_what_a_killed_create_left_is_swept_by_the_next(tmp_path):
    (tmp_path / f"{DRAFT}old" / "backend").mkdir(parents=True)
    create_module(Words("x"), tmp_path)
    assert names_in(tmp_path) == ["x"]


def test_of_two_creates_at_once_one_wins(tmp_path):
    def attempt(_):
        try:
            return create_module(Words("x"), tmp_path, "full").folder
        except NameTaken:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(attempt, range(4)))
    assert sorted(made, key=str) == [tmp_path / "x", None, None, None]
    assert compare(tmp_path / "x") == ()


def test_the_folder_is_as_open_as_the_umask_allows(tmp_path):
    mask = os.umask(0o027)
    try:
        folder = create_module(Words("x"), tmp_path).folder
    finally:
        os.umask(mask)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "module.json")] == [0o750, 0o640]


def test_the_modules_folder_is_made_when_it_is_not_there(tmp_path):
    assert create_module(Words("x"), tmp_path / "a" / "modules").folder == tmp_path / "a" / "modules" / "x"


def test_a_draft_is_never_taken_for_a_module():
    assert scaffold.DRAFT.startswith(".")
    assert Path(scaffold.DRAFT).name == scaffold.DRAFT
