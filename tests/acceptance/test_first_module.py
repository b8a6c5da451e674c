"""From one command to a running feature, with four web processes and a neighbour under load."""

import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.served import Hub, children
from support.waiting import until

CODE = "invoice_scanner"


@pytest.fixture
def hub(tmp_path, postgres_server, host_database):
    return Hub(tmp_path, host_database)


def names(body) -> dict:
    return {module["code"]: module for module in body}


def answers(hub: Hub, path: str, times: int = 40) -> set[int]:
    """The statuses of many answers on connections of their own, so that every process is asked."""
    return {hub.get(path)[0] for _ in range(times)}


def test_a_new_module_is_created_enabled_used_and_disabled_while_everything_runs(hub):
    with hub.served("--workers", "4") as server:
        workers = children(server.pid)
        assert len(workers) == 4
        hub.klods("module", "create", "neighbour", "Works all the time")
        hub.klods("module", "enable", "neighbour")
        with hub.load("/api/v1/neighbour/items") as neighbour:
            hub.klods("module", "create", CODE, "Scan og parse fakturaer")
            assert hub.get(f"/api/v1/{CODE}/items")[0] == 404
            assert hub.klods("module", "enable", CODE, "--live")["late"] == []
            use(hub)
            assert hub.klods("module", "disable", CODE)["late"] == []
            assert answers(hub, f"/api/v1/{CODE}/items") == {404}
            assert answers(hub, f"/{CODE}") == {404}
            assert f"/api/v1/{CODE}/items" not in hub.get("/api/v1/openapi.json")[1]["paths"]
            time.sleep(1)
        assert neighbour["failures"] == 0, neighbour
        assert neighbour["requests"] >= 100, neighbour
        assert children(server.pid) == workers


def use(hub: Hub) -> None:
    module = names(hub.get("/api/v1/modules")[1])[CODE]
    assert module["enabled"]
    assert module["description"] == "Scan og parse fakturaer"
    assert hub.get(f"/api/v1/{CODE}/health")[0] == 200
    status, made = hub.post(f"/api/v1/{CODE}/items", {"name": "Faktura 1"})
    assert status == 201
    assert answers(hub, f"/api/v1/{CODE}/items/{made['id']}") == {200}
    assert hub.ask("PUT", f"/api/v1/{CODE}/items/{made['id']}", {"name": "Faktura 2"})[0] == 200
    assert [item["name"] for item in hub.get(f"/api/v1/{CODE}/items")[1]["items"]] == ["Faktura 2"]
    assert "Faktura 2" in hub.get(f"/{CODE}", Accept="text/html")[1]
    assert hub.ask("DELETE", f"/api/v1/{CODE}/items/{made['id']}")[0] == 204
    assert f"/api/v1/{CODE}/items" in hub.get("/api/v1/openapi.json")[1]["paths"]


def test_the_api_switches_modules_without_a_body_as_the_command_does(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    with hub.served("--workers", "2"):
        status, outcome = hub.post(f"/api/v1/modules/{CODE}/enable")
        assert (status, outcome["late"]) == (200, [])
        assert answers(hub, f"/api/v1/{CODE}/items") == {200}
        assert hub.post(f"/api/v1/modules/{CODE}/disable")[0] == 200
        assert answers(hub, f"/api/v1/{CODE}/items") == {404}


def test_a_plan_that_no_longer_fits_is_refused(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    with hub.served():
        plan = hub.post(f"/api/v1/modules/{CODE}/plan", {"action": "enable"})[1]
        with (hub.modules / CODE / "README.md").open("a") as readme:
            readme.write("changed\n")
        status, refused = hub.post(f"/api/v1/modules/{CODE}/enable", {"token": plan["token"]})
        assert (status, refused["error"]) == (409, "stale_plan")


def test_the_command_switches_modules_without_a_server(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    hub.klods("module", "enable", CODE)
    with hub.served():
        assert hub.get(f"/api/v1/{CODE}/items")[0] == 200


def test_what_was_approved_runs_whatever_happens_to_the_folder(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    hub.klods("module", "enable", CODE)
    (hub.modules / CODE / "backend/router.py").write_text("raise RuntimeError('not approved')")
    with hub.served():
        assert hub.get(f"/api/v1/{CODE}/items")[0] == 200


def test_a_worker_that_is_killed_is_replaced_and_follows(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    with hub.served("--workers", "2") as server:
        os.kill(children(server.pid)[0], signal.SIGKILL)
        assert hub.klods("module", "enable", CODE)["late"] == []
        until(lambda: len(children(server.pid)) == 2 and answers(hub, f"/api/v1/{CODE}/items", 10) == {200})


def test_a_process_that_is_still_inside_the_module_is_named_and_follows_when_it_is_out(hub):
    hub.extra |= {"KLODS_ACKNOWLEDGE_SECONDS": "1", "KLODS_DRAIN_SECONDS": "30"}
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    with (hub.modules / CODE / "backend/router.py").open("a") as router:
        router.write("\n\n@router.get('/slow')\ndef slow() -> int:\n    import time\n    time.sleep(6)\n    return 1\n")
    hub.klods("module", "enable", CODE)
    with hub.served("--workers", "2") as server, ThreadPoolExecutor(1) as aside:
        answer = aside.submit(hub.get, f"/api/v1/{CODE}/slow")
        time.sleep(1)
        (late,) = hub.klods("module", "disable", CODE)["late"]
        assert late in {f"web-{pid}" for pid in children(server.pid)}
        assert answer.result()[0] == 200
        assert hub.klods("module", "enable", CODE)["late"] == []


def test_workers_end_when_their_parent_is_killed(hub):
    with hub.served("--workers", "2") as server:
        workers = children(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_enabled_in_module_json_is_a_wish_that_counts_once(hub):
    hub.klods("module", "create", "plain", "Has no tables")
    for file in (hub.modules / "plain/migrations").iterdir():
        file.unlink()
    hub.klods("module", "create", "tabled", "Has tables")
    for code in ("plain", "tabled"):
        manifest = hub.modules / code / "module.json"
        manifest.write_text(manifest.read_text().replace('"enabled": false', '"enabled": true'))
    with hub.served():
        modules = names(hub.get("/api/v1/modules")[1])
        assert modules["plain"]["enabled"]
        assert not modules["tabled"]["enabled"]
        hub.klods("module", "disable", "plain")
    with hub.served():
        assert not names(hub.get("/api/v1/modules")[1])["plain"]["enabled"]


def test_a_module_whose_folder_is_gone_runs_on_and_can_be_disabled(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    hub.klods("module", "enable", CODE)
    shutil.rmtree(hub.modules / CODE)
    with hub.served():
        assert hub.get(f"/api/v1/{CODE}/items")[0] == 200
        assert names(hub.get("/api/v1/modules")[1])[CODE]["state"] == "enabled"
        assert hub.klods("module", "disable", CODE)["late"] == []
        assert hub.get(f"/api/v1/{CODE}/items")[0] == 404


def test_a_revoked_token_is_refused_by_every_process(hub):
    with hub.served("--workers", "3"):
        hub.klods("token", "create", "--name", "short")
        assert answers(hub, "/api/v1/modules") == {200}
        hub.klods("token", "revoke", "tests")
        until(lambda: answers(hub, "/api/v1/modules") == {401})


def test_new_content_is_brought_in_by_enabling_again_while_requests_go_on(hub):
    hub.klods("module", "create", CODE, "Scan og parse fakturaer")
    hub.klods("module", "enable", CODE, "--live")
    with hub.served("--workers", "2"), hub.load(f"/api/v1/{CODE}/items") as counted:
        hub.post(f"/api/v1/{CODE}/items", {"name": "kept"})
        (hub.modules / CODE / "migrations/002_more.sql").write_text(f"alter table {CODE}_items add column more text;")
        router = hub.modules / CODE / "backend/router.py"
        router.write_text(router.read_text() + "\n\n@router.get('/version')\ndef version() -> int:\n    return 2\n")
        outcome = hub.klods("module", "enable", CODE)
        assert [step["do"] for step in outcome["plan"]["steps"]] == ["install", "migrate"]
        assert answers(hub, f"/api/v1/{CODE}/version") == {200}
        assert hub.get(f"/api/v1/{CODE}/items")[1]["items"][0]["name"] == "kept"
        router.write_text("raise RuntimeError('broken')")
        assert hub.run("module", "enable", CODE).returncode == 1
        assert answers(hub, f"/api/v1/{CODE}/version") == {200}
    assert counted["failures"] == 0, counted
