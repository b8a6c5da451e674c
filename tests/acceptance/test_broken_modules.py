"""Broken modules beside healthy ones: the hub starts, says what is wrong where, and the healthy ones work."""

import shutil
from pathlib import Path

import pytest
from support.catalogue import snapshot
from support.served import Hub

SAMPLES = Path(__file__).parents[1] / "samples" / "modules"
WRONG = ("syntax_error", "missing_import", "wrong_json", "ring_one", "ring_two", "ring_three", "migration_failing")
PLACES = {
    "syntax_error": "backend/router.py:",
    "missing_import": "backend/router.py:",
    "wrong_json": "module.json:",
    "migration_failing": "002_more.sql:",
}


@pytest.fixture
def hub(tmp_path, postgres_server, host_database):
    hub = Hub(tmp_path, host_database)
    for code in (*WRONG, "healthy"):
        shutil.copytree(SAMPLES / code, hub.modules / code)
    hub.klods("module", "create", "notes", "Works")
    return hub


def test_the_hub_starts_beside_broken_modules_and_lists_every_one_with_its_reason(hub):
    with hub.served("--workers", "2"):
        assert hub.post("/api/v1/modules/notes/enable")[0] == 200
        before = snapshot(hub.database_url)
        refused = {code: hub.post(f"/api/v1/modules/{code}/enable") for code in WRONG}
        assert {code: status for code, (status, _) in refused.items() if status not in (409, 422, 500)} == {}
        assert snapshot(hub.database_url) == before
        listed = {module["code"]: module for module in hub.get("/api/v1/modules")[1]}
        assert set(listed) >= {*WRONG, "healthy", "notes"}
        for code, place in PLACES.items():
            assert place in str(listed[code]), listed[code]
        assert "ring_one" in str(refused["ring_one"][1])
        assert "→" in str(refused["ring_one"][1])
        assert hub.get("/api/v1/notes/items")[0] == 200
        assert hub.get("/health")[0] == 200


def test_the_next_start_works_just_as_well(hub):
    for code in WRONG:
        assert hub.run("module", "enable", code).returncode in (1, 2, 3)
    with hub.served():
        assert hub.post("/api/v1/modules/healthy/enable")[0] == 200
        assert hub.get("/api/v1/healthy/health")[0] == 200


@pytest.mark.parametrize("code", [*PLACES])
def test_a_person_reads_what_is_wrong_and_where_without_a_traceback(hub, code):
    done = hub.run("module", "enable", code)
    assert PLACES[code] in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
