"""The static files of modules: only of enabled ones, only below their static folder."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.pages.assets import address, mount_assets


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static/app.js").write_text("export const one = 1;")
    (tmp_path / "secret.py").write_text("PASSWORD = 1")
    module = Module(ModuleDefinition(code="notes", name="Notes"), Source("notes", tmp_path, "klods.modules.notes"))
    switchboard = Switchboard(Snapshot(1, {"notes": Entry(module, "one")}, {1: frozenset({"notes"})}))
    app = Starlette()
    mount_assets(app, switchboard)
    return switchboard, TestClient(app)


def test_a_file_of_an_enabled_module_is_served(hub):
    answer = hub[1].get("/static/modules/notes/app.js")
    assert (answer.status_code, answer.text) == (200, "export const one = 1;")
    assert "javascript" in answer.headers["content-type"]


def test_a_module_that_is_off_shows_nothing(hub):
    switchboard, client = hub
    switchboard.swap(Snapshot(2, switchboard.current.entries, {}))
    assert client.get("/static/modules/notes/app.js").status_code == 404


@pytest.mark.parametrize(
    "path", ["../secret.py", "%2e%2e/secret.py", "..%2fsecret.py", "%2fetc%2fpasswd", "missing.js", ""]
)
def test_nothing_outside_the_static_folder_is_served(hub, path):
    answer = hub[1].get(f"/static/modules/notes/{path}")
    assert answer.status_code == 404
    assert "PASSWORD" not in answer.text


def test_files_are_read_and_not_written(hub):
    assert hub[1].post("/static/modules/notes/app.js").status_code == 405


@pytest.mark.parametrize(
    ("version", "kept"), [("?v=one", "immutable"), ("?v=two", "max-age=3600"), ("", "max-age=3600")]
)
def test_only_the_version_that_is_served_is_kept_for_ever(hub, version, kept):
    answer = hub[1].get(f"/static/modules/notes/app.js{version}")
    assert kept in answer.headers["cache-control"]


def test_the_host_names_the_version_that_it_serves(hub):
    assert "immutable" in hub[1].get(address("klods/nordic.css")).headers["cache-control"]
    assert "immutable" not in hub[1].get("/static/klods/nordic.css?v=next").headers["cache-control"]
