"""READ_ONLY and DRY_RUN as users meet them: real processes, several of them."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.rows import scalar_row
from support.served import Hub
from support.waiting import until

CODE = "notes"


@pytest.fixture
def hub(tmp_path, host_database):
    it = Hub(tmp_path, host_database)
    it.klods("module", "create", CODE, "What to remember")
    return it


def items(hub: Hub) -> list[str]:
    status, found = hub.get(f"/api/v1/{CODE}/items")
    assert status == 200, found
    return [item["name"] for item in found["items"]]


def add(hub: Hub, name: str, query: str = "") -> int:
    return hub.post(f"/api/v1/{CODE}/items{query}", {"name": name})[0]


def test_a_new_module_is_tried_dry_and_then_let_go_live_in_every_process(hub):
    with hub.served("--workers", "2"):
        assert hub.post(f"/api/v1/modules/{CODE}/enable")[0] == 200
        assert hub.get(f"/api/v1/modules/{CODE}")[1]["mode"] == "dry_run"
        assert {add(hub, f"dry {number}") for number in range(10)} == {201}
        assert items(hub) == []
        assert add(hub, "insisting", "?dry_run=false") == 409
        assert hub.klods("module", "live", CODE)["late"] == []
        assert add(hub, "kept") == 201
        assert add(hub, "tried", "?dry_run=true") == 201
        assert {tuple(items(hub)) for _ in range(10)} == {("kept",)}
        assert hub.post(f"/api/v1/modules/{CODE}/hold")[1]["late"] == []
        assert {add(hub, f"held {number}") for number in range(10)} == {201}
        assert items(hub) == ["kept"]
        actions = [line["action"] for line in hub.get(f"/api/v1/modules/{CODE}/log")[1]]
        assert actions == ["hold", "live", "enable"]


def test_what_a_dry_request_would_change_can_be_looked_at_in_every_process(hub):
    hub.klods("module", "enable", CODE)
    with hub.served("--workers", "2"):
        request = urllib.request.Request(
            f"{hub.address}/api/v1/{CODE}/items",
            json.dumps({"name": "tried"}).encode(),
            {"Authorization": f"Bearer {hub.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["x-klods-dry-run"] == "true"
            assert answer.headers["x-klods-changes"] == "notes_items=+1~0-0"
            run_id = answer.headers["x-klods-dry-run-id"]
        runs = [hub.get(f"/api/v1/dry-runs/{run_id}") for _ in range(10)]
        assert {status for status, _ in runs} == {200}
        run = runs[0][1]
        assert (run["module"], run["status"], run["counts"]) == (CODE, 201, {"notes_items": [1, 0, 0]})
        assert [(row["op"], row["new"]["name"]) for row in run["rows"]] == [("insert", "tried")]
        assert hub.get("/api/v1/dry-runs/00000000-0000-0000-0000-000000000000")[0] == 404
        assert hub.get(f"/api/v1/dry-runs/{run_id}", Authorization="")[0] == 401


def test_a_page_of_a_module_that_is_not_live_says_so(hub):
    hub.klods("module", "enable", CODE)
    with hub.served():
        page = hub.get(f"/{CODE}", Accept="text/html")[1]
        assert "Dry run: nothing you do here is kept." in page
        assert f"/admin/modules/{CODE}/live" in page
        hub.klods("module", "live", CODE)
        assert "k-mode" not in hub.get(f"/{CODE}", Accept="text/html")[1]
        asked = hub.get(f"/{CODE}?dry_run=true", Accept="text/html")[1]
        assert "Dry run: nothing you do here is kept." in asked
        assert f"/admin/modules/{CODE}/live" not in asked


def test_the_environment_keeps_a_switch_on_and_says_so(hub):
    hub.extra["MODULES__NOTES__READ_ONLY"] = "true"
    hub.extra["MODULES__NOTES__DRY_RUN"] = "false"
    hub.klods("module", "enable", CODE)
    with hub.served():
        status, refused = hub.post(f"/api/v1/{CODE}/items", {"name": "no"})
        assert (status, refused["error"]) == (409, "read_only_module")
        status, refused = hub.post(f"/api/v1/modules/{CODE}/live")
        assert (status, refused["error"]) == (409, "kept_safe")
        assert "MODULES__NOTES__READ_ONLY" in refused["message"]
        assert items(hub) == []
    assert "enabled, read only" in hub.run("module", "list").stdout


def test_one_command_enables_a_module_and_lets_it_go_live(hub):
    plan = hub.klods("module", "enable", CODE, "--live")["plan"]
    assert [step["do"] for step in plan["steps"]] == ["install", "migrate", "enable", "live"]
    with hub.served():
        assert add(hub, "kept") == 201
        assert items(hub) == ["kept"]


SLOW = """
from fastapi import APIRouter
from klods import execute_insert, execute_query

router = APIRouter()

@router.post("/slow/{seconds}", status_code=201)
def slow(seconds: float) -> None:
    execute_insert("insert into TABLE(name) values (%s)", [f"slow {seconds}"])
    execute_query("select pg_sleep(%s) from pg_advisory_xact_lock_shared(4711)", [seconds])
"""


def test_when_a_hold_is_answered_nothing_that_began_live_can_be_kept_in_any_process(hub, host_database):
    hub.extra |= {"KLODS_DRAIN_SECONDS": "3", "KLODS_POOL_SIZE": "20", "KLODS_WORKER_THREADS": "20"}
    for code in (CODE, "other"):
        if code != CODE:
            hub.klods("module", "create", code, "Others")
        (hub.modules / code / "backend/router.py").write_text(SLOW.replace("TABLE", f"{code}_items"))
        hub.klods("module", "enable", code, "--live")

    def kept(code):
        with psycopg.connect(host_database, row_factory=scalar_row) as connection:
            return connection.execute(f"select name from {code}_items order by name").fetchall()

    def sleeping():
        with psycopg.connect(host_database, row_factory=scalar_row) as connection:
            return connection.execute("select count(*) from pg_locks where objid = 4711").fetchone()

    with hub.served("--workers", "2"), ThreadPoolExecutor(20) as pool:

        def ask(code, seconds, times):
            return [pool.submit(hub.post, f"/api/v1/{code}/slow/{seconds}") for _ in range(times)]

        short, long, others = ask(CODE, 2, 4), ask(CODE, 20, 4), ask("other", 8, 4)
        until(lambda: sleeping() + sum(answer.done() for answer in short) >= 12)
        assert hub.post(f"/api/v1/modules/{CODE}/hold")[0] == 200
        at_the_answer = kept(CODE)
        assert at_the_answer == ["slow 2.0"] * 4
        assert {answer.result()[0] for answer in short} == {201}
        assert {(status, body["error"]) for status, body in (it.result() for it in long)} == {(409, "held_meanwhile")}
        assert {answer.result()[0] for answer in others} == {201}
        assert kept(CODE) == at_the_answer
        assert kept("other") == ["slow 8.0"] * 4
