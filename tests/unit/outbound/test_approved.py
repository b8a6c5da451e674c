"""Approved copies: complete or absent, and deaf to what happens to the folder afterwards."""

from pathlib import Path

import pytest

from klods.errors import InvalidDefinition, NoSuchModule
from klods.kernel.catalog import Module, Origin, Source
from klods.kernel.definition import ModuleDefinition
from klods.outbound.approved import ApprovedCopies, content_hash


def module_in(folder: Path, origin: Origin = Origin.FOLDER, **files: str) -> Module:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ({"module.json": "{}"} | files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return Module(ModuleDefinition(code="notes", name="Notes"), Source("notes", folder, "klods.modules.notes", origin))


@pytest.fixture
def copies(tmp_path):
    return ApprovedCopies(tmp_path / "approved")


def test_the_approved_copy_holds_what_the_folder_held(tmp_path, copies):
    module = module_in(tmp_path / "notes", **{"backend/router.py": "x = 1\n"})
    source = copies.approved(module, copies.approve(module))
    assert (source.folder / "backend/router.py").read_text() == "x = 1\n"
    assert source.package == "klods.modules.notes"


def test_a_later_edit_of_the_folder_does_not_reach_the_copy(tmp_path, copies):
    module = module_in(tmp_path / "notes", **{"a.py": "x = 1\n"})
    approved = copies.approve(module)
    (tmp_path / "notes/a.py").write_text("x = 2\n")
    assert (copies.approved(module, approved).folder / "a.py").read_text() == "x = 1\n"
    assert copies.fingerprint(module) != approved


def test_the_fingerprint_is_that_of_the_copy(tmp_path, copies):
    module = module_in(tmp_path / "notes")
    assert copies.fingerprint(module) == copies.approve(module) == copies.approve(module)


def test_content_that_was_never_approved_is_not_the_shelf_of_all_copies(tmp_path, copies):
    module = module_in(tmp_path / "notes")
    copies.approve(module)
    with pytest.raises(NoSuchModule):
        copies.approved(module, "")


def test_a_draft_left_by_a_crash_is_not_a_copy(tmp_path, copies):
    module = module_in(tmp_path / "notes")
    (tmp_path / "approved/notes/.draft-left").mkdir(parents=True)
    with pytest.raises(NoSuchModule):
        copies.approved(module, copies.fingerprint(module))
    assert copies.approved(module, copies.approve(module)).folder.is_dir()


def test_nothing_half_made_stays_when_a_file_cannot_be_read(tmp_path, copies, monkeypatch):
    module = module_in(tmp_path / "notes", **{"z.py": "x"})
    monkeypatch.setattr("klods.outbound.approved.shutil.copyfileobj", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        copies.approve(module)
    assert list((tmp_path / "approved/notes").iterdir()) == []


@pytest.mark.parametrize("name", ["link.py", "folder"])
def test_links_are_refused_because_they_reach_out_of_the_module(tmp_path, copies, name):
    module = module_in(tmp_path / "notes")
    (tmp_path / "notes" / name).symlink_to("/etc/passwd" if name.endswith("py") else "/etc")
    with pytest.raises(InvalidDefinition, match="link"):
        copies.approve(module)


def test_a_name_moved_between_two_files_changes_the_fingerprint(tmp_path):
    one = module_in(tmp_path / "one", a="bc", d="")
    other = module_in(tmp_path / "other", a="b", d="c")
    assert content_hash(one.source.folder) != content_hash(other.source.folder)


def test_caches_are_not_content(tmp_path):
    module = module_in(tmp_path / "notes")
    before = content_hash(module.source.folder)
    module_in(tmp_path / "notes", **{"__pycache__/a.pyc": "x", "b.pyc": "y"})
    assert content_hash(module.source.folder) == before


@pytest.mark.parametrize("origin", [Origin.BUILTIN, Origin.DISTRIBUTION])
def test_what_is_installed_as_a_package_runs_where_it_stands(tmp_path, copies, origin):
    module = module_in(tmp_path / "notes", origin)
    assert copies.approved(module, copies.approve(module)).folder == tmp_path / "notes"
    assert not (tmp_path / "approved").exists()
