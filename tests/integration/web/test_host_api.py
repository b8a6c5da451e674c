from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from starlette.testclient import TestClient
from support.hub import broken, open_hub, paper_module

from klods.errors import MigrationFailed, NoDatabase
from klods.kernel.holdings import Archive, Holder
from klods.kernel.plan import Action
from klods.kernel.state import Active, Installed, Reason
from klods.web.middleware import LARGEST_BODY

FACTS = {"description": "What we send", "requires": ("customers>=1.0",)}


@pytest.fixture
def hub(host_database, tmp_path):
    modules = [paper_module("customers", tmp_path, is_core=True), paper_module("invoices", tmp_path, **FACTS)]
    with open_hub(host_database, modules, [broken("prices", tmp_path)]) as opened:
        opened.lifecycle.put("customers", Active.ENABLED)
        opened.follow()
        yield opened


@pytest.fixture
def program(hub):
    return TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(hub.admin())}"})


def test_everything_but_health_needs_somebody(hub):
    stranger = TestClient(hub.app)
    for path in (
        "/api/v1/modules",
        "/api/v1/modules/customers",
        "/api/v1/tokens",
        "/api/v1/me",
        "/api/v1/openapi.json",
    ):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/health", "/health/live", "/health/ready"):
        assert stranger.get(path).json()["status"] == "ok"


BODIES = [
    ("/api/v1/tokens", "application/json", b'{"name": "'),
    ("/auth/login", "application/x-www-form-urlencoded", b"login="),
    ("/klods/look", "multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\n'),
]


@pytest.mark.parametrize(("path", "kind", "begin"), BODIES)
def test_a_stranger_cannot_make_the_host_read_an_endless_body(hub, path, kind, begin):
    answer = TestClient(hub.app).post(path, content=begin + b"a" * LARGEST_BODY, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["message"]) == (413, HTTPStatus(413).phrase)


def test_every_module_is_listed_however_broken(program):
    listed = {module["code"]: module for module in program.get("/api/v1/modules").json()}
    assert list(listed) == ["customers", "invoices", "prices"]
    assert (listed["customers"]["state"], listed["customers"]["kind"]) == ("enabled", "core")
    assert listed["customers"]["required_by"] == ["invoices"]
    assert listed["invoices"]["requires"] == ["customers>=1.0"]
    assert listed["invoices"]["paths"] == {
        "api": "/api/v1/invoices", "page": "/invoices", "health": "/api/v1/invoices/health",
    }  # fmt: skip
    assert listed["prices"]["state"] == "broken"
    problem = listed["prices"]["problems"][0]
    assert (problem["file"], problem["line"]) == ("module.json", 4)


def test_a_module_that_failed_says_why(hub, program):
    hub.lifecycle.put(
        "invoices", Active.DISABLED, Installed.FAILED, reason=Reason.IMPORT, detail="no such name (a.py:3)"
    )
    module = program.get("/api/v1/modules/invoices").json()
    assert (module["state"], module["reason"]) == ("failed", "import: no such name (a.py:3)")
    assert module["pending_migrations"] == ["002_more"]


def test_a_module_whose_folder_is_gone_is_still_listed(hub, program):
    hub.lifecycle.put("tickets", Active.ENABLED)
    assert program.get("/api/v1/modules/tickets").json()["state"] == "enabled"
    hub.lifecycle.put("tickets", Active.DISABLED)
    assert program.get("/api/v1/modules/tickets").json()["state"] == "missing"


def test_a_plan_is_shown_and_nothing_is_done(hub, program):
    plan = program.post("/api/v1/modules/invoices/plan", json={"action": "enable"}).json()
    assert [step["do"] for step in plan["steps"]] == ["install", "migrate", "enable"]
    assert plan["steps"][0]["grants"] == [
        "read customers_customers (id, name)",
        "reference customers_customers (id)",
    ]
    assert plan["token"] == hub.lifecycle.plan(Action.ENABLE, "invoices", 1).token
    assert hub.lifecycle.actors == []


def test_a_module_is_switched_without_a_body(hub, program):
    assert program.post("/api/v1/modules/invoices/enable").status_code == 200
    assert program.get("/api/v1/modules/invoices").json()["enabled"] is True
    done = program.post("/api/v1/modules/invoices/disable").json()
    assert (done["plan"]["action"], done["late"]) == ("disable", [])
    assert hub.lifecycle.actors == ["admin (token test)"] * 2


def test_the_plan_that_was_shown_is_the_plan_that_is_applied(program):
    token = program.post("/api/v1/modules/invoices/plan").json()["token"]
    assert program.post("/api/v1/modules/invoices/enable", json={"token": token}).status_code == 200


def test_a_stale_plan_is_refused(hub, program):
    answer = program.post("/api/v1/modules/invoices/enable", json={"token": "0" * 32})
    assert (answer.status_code, answer.json()["error"]) == (409, "stale_plan")
    assert hub.lifecycle.actors == []


def test_processes_that_have_not_followed_are_named(hub, program):
    hub.lifecycle.late = ("web-7", "web-9")
    answer = program.post("/api/v1/modules/invoices/enable")
    assert (answer.status_code, answer.json()["late"]) == (202, ["web-7", "web-9"])


def test_a_core_module_stays(program):
    answer = program.post("/api/v1/modules/customers/disable")
    assert (answer.status_code, answer.json()["error"]) == (409, "core_module")


def test_what_fails_is_told_with_file_and_line(hub, program):
    hub.lifecycle.refusal = MigrationFailed(
        module="invoices", revision="001_init", reason="no table", where="001_init.sql:3"
    )
    answer = program.post("/api/v1/modules/invoices/enable")
    assert answer.status_code == 500
    assert "001_init.sql:3" in answer.json()["message"]


@pytest.mark.parametrize("code", ["nothing", "NOTHING", "%2e%2e%2f", "x" * 99, "%F0%9F%A7%B1"])
def test_what_nobody_found_is_not_found(program, code):
    for method, path in [("GET", ""), ("GET", "/migrations"), ("GET", "/log"), ("POST", "/plan"), ("POST", "/enable")]:
        assert program.request(method, f"/api/v1/modules/{code}{path}").status_code in (404, 405)


@pytest.mark.parametrize(
    "body",
    ["{", "[]", '"x"', '{"token": 7}', '{"tokn": "x"}', '{"why": "a\\u0000b"}', '{"token": "' + "x" * 300 + '"}'],
)
def test_a_body_that_makes_no_sense_is_refused(hub, program, body):
    answer = program.post("/api/v1/modules/invoices/enable", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
    assert hub.lifecycle.actors == []


def test_the_log_of_a_module_is_read(hub, program):
    with hub.database.connection() as connection:
        connection.execute(
            "insert into klods.module_log(actor, action, code, platform_id, outcome) values ('ada','enable','invoices',1,'done')"
        )
    (line,) = program.get("/api/v1/modules/invoices/log").json()
    assert (line["id"], line["actor"], line["outcome"], line["acknowledgement"]) == (1, "ada", "done", None)
    assert line["changes"] == [{"code": "invoices", "before": "", "after": ""}]
    assert program.get("/api/v1/log").json() == [line]
    assert program.get("/api/v1/modules/customers/log").json() == []
    for path in ("/api/v1/modules/invoices/log", "/api/v1/log"):
        assert program.get(f"{path}?most=0").status_code == 422


def test_an_entry_of_the_log_is_undone_through_a_plan(hub, program):
    plan = '{"target": "invoices", "steps": [{"do": "enable", "code": "invoices"}]}'
    with hub.database.connection() as connection:
        connection.execute(
            "insert into klods.module_log(actor, action, code, platform_id, outcome, plan)"
            " values ('ada', 'enable', 'invoices', 1, 'done', %s)", [plan],
        )  # fmt: skip
    hub.lifecycle.put("invoices", Active.ENABLED)
    shown = program.post("/api/v1/log/1/plan").json()
    assert ([step["do"] for step in shown["steps"]], shown["undoes"]) == (["disable"], 1)
    assert program.post("/api/v1/log/1/undo", json={"token": "0" * 32}).json()["error"] == "stale_plan"
    assert program.post("/api/v1/log/1/undo", json={"token": shown["token"]}).status_code == 200
    again = program.post("/api/v1/log/1/undo")
    assert (again.status_code, again.json()["error"]) == (409, "cannot_undo")
    assert program.post("/api/v1/log/9/undo").json()["error"] == "no_such_entry"


def test_a_closed_module_answers_for_its_health_with_its_state(program):
    answer = program.get("/api/v1/invoices/health")
    assert (answer.status_code, answer.json()["error"]) == (404, "module_not_enabled")
    assert answer.json()["data"]["state"] == "disabled"
    assert program.get("/api/v1/nothing/health").json()["error"] == "no_such_module"


def test_a_database_that_is_away_makes_the_process_unready_but_alive(hub, monkeypatch):
    def away():
        raise NoDatabase(reason="connection refused")

    monkeypatch.setattr(hub.lifecycle, "read", away)
    stranger = TestClient(hub.app)
    assert stranger.get("/health/ready").status_code == 503
    assert stranger.get("/health").json()["status"] == "unavailable"
    assert stranger.get("/health/live").status_code == 200


def test_what_nobody_foresaw_is_a_calm_500_with_the_request_id(hub, monkeypatch):
    token = hub.token(hub.admin())
    monkeypatch.setattr(hub.lifecycle, "read", lambda: 1 / 0)
    calm = TestClient(hub.app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {token}"})
    answer = calm.get("/api/v1/modules", headers={"X-Request-ID": "request-0001"})
    assert (answer.status_code, answer.json()["request_id"]) == (500, "request-0001")
    assert "ZeroDivision" not in answer.text


def test_the_document_names_every_operation_once(program):
    document = program.get("/api/v1/openapi.json").json()
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert "/api/v1/modules/{code}/enable" in document["paths"]
    assert not [path for path in document["paths"] if path.startswith(("/auth", "/admin"))]


def test_unknown_addresses_and_methods_are_refused_in_the_one_shape(program):
    for method, path, status in [("GET", "/api/v1/nowhere/at/all", 404), ("DELETE", "/api/v1/modules", 405)]:
        answer = program.request(method, path)
        assert answer.status_code == status
        assert answer.json().keys() == {"error", "message", "hint", "request_id", "data"}


def test_a_module_goes_live_and_is_held_back_as_its_plan_says(program, hub):
    assert program.get("/api/v1/modules/customers").json()["mode"] == "dry_run"
    plan = program.post("/api/v1/modules/customers/plan", json={"action": "live"}).json()
    assert [(step["do"], step["before"], step["after"]) for step in plan["steps"]] == [("live", "dry_run", "live")]
    assert program.post("/api/v1/modules/customers/live", json={"token": plan["token"]}).status_code == 200
    assert program.get("/api/v1/modules/customers").json()["mode"] == "live"
    assert program.post("/api/v1/modules/customers/hold").status_code == 200
    assert program.get("/api/v1/modules/customers").json()["mode"] == "dry_run"


def test_a_dry_run_that_is_not_kept_is_not_found(program):
    for run_id in ("00000000-0000-0000-0000-000000000000", "nonsense"):
        answer = program.get(f"/api/v1/dry-runs/{run_id}")
        assert (answer.status_code, answer.json()["error"]) == (404, "no_such_dry_run")


def test_deleting_an_archive_names_the_processes_that_have_not_followed(hub, program):
    archive = Archive(3, Holder("invoices", "invoices_"), datetime(2026, 1, 1, tzinfo=UTC), "1.0.0", "", "")
    hub.lifecycle.tables.kept = (archive,)
    hub.lifecycle.late = ("web-7",)
    answer = program.delete("/api/v1/modules/invoices/archives/3?confirm=invoices")
    assert (answer.status_code, answer.json()["late"]) == (202, ["web-7"])
