"""What would go out of a dry request stands in its record, whether the request ended well or not."""

from contextlib import contextmanager

import pytest
from support.engine import serving, write_module
from support.other_server import other_server
from support.waiting import HANGS_AFTER_SECONDS

from klods.db.database import Database
from klods.db.dry_runs import DryRuns
from klods.db.mail_queue import MailQueue
from klods.kernel.switches import LIVE, Switches
from klods.outbound.blobs import DiskBlobs

DRY, READ_ONLY = Switches(read_only=True, dry_run=True), Switches(read_only=True, dry_run=False)

ROUTER = """
    from __future__ import annotations

    import httpx2
    from fastapi import APIRouter, BackgroundTasks, HTTPException

    import klods
    from klods import files, http, mail

    router = APIRouter()

    @router.post("/order")
    def order(at: str) -> str:
        return http.post(f"{at}/orders?key=hidden", json={"a": 1}).text

    @router.post("/order-async")
    async def order_async(at: str) -> str:
        return http.post(f"{at}/orders", json={"a": 1}).text

    @router.post("/order-or-not")
    def order_or_not(at: str) -> str:
        try:
            return http.post(f"{at}/orders").text
        except klods.NotSent:
            return "not sent"

    @router.post("/stand-in", status_code=201)
    def stand_in(at: str) -> str:
        return http.post(f"{at}/orders", when_dry=httpx2.Response(200, text="real")).text

    @router.get("/look")
    def look(at: str) -> str:
        return http.get(f"{at}/items").text

    @router.post("/everything")
    def everything(at: str) -> str:
        files.write("a.txt", b"1234")
        mail.send("anna@example.com", "Hello", "Hi")
        mail.send("bo@example.com", "Hello", "Hi")
        return http.post(f"{at}/orders", when_dry=httpx2.Response(200, text="real")).text

    @router.post("/refused")
    def refused(at: str) -> None:
        everything(at)
        raise HTTPException(422, "no")

    @router.post("/files-only")
    def files_only() -> str:
        files.write("a.txt", b"1234")
        return files.read("a.txt").decode()

    @router.post("/later")
    def later(at: str, tasks: BackgroundTasks) -> str:
        def work() -> None:
            http.post(f"{at}/outside")

        def work_in_scope() -> None:
            with klods.scope():
                http.post(f"{at}/inside", when_dry=httpx2.Response(200))

        tasks.add_task(work_in_scope)
        tasks.add_task(work)
        return "done"

    @router.post("/later-refused")
    def later_refused(at: str, tasks: BackgroundTasks) -> str:
        def work() -> None:
            with klods.scope():
                http.post(f"{at}/inside")

        tasks.add_task(work)
        return "done"
"""
NATIVE = """
    from __future__ import annotations

    import httpx2
    from fastapi import APIRouter

    from klods import http

    router = APIRouter()

    @router.post("/order")
    async def order(at: str) -> str:
        async with http.async_client(base_url=at) as client:
            return (await client.post("/orders")).text

    @router.post("/blocking")
    async def blocking(at: str) -> str:
        return http.post(at).text
"""


@pytest.fixture
def other():
    with other_server() as server:
        yield server


@pytest.fixture
def served(host_database, tmp_path):
    @contextmanager
    def serve(switches, router=ROUTER, **fields):
        with (
            Database(host_database, pool_size=2, wait_seconds=HANGS_AFTER_SECONDS) as database,
            serving(database, switches=switches, keep_dry_run=DryRuns(database).keep) as hub,
        ):
            database.blobs = DiskBlobs(tmp_path / "files")
            hub.add(write_module(tmp_path, "cards", {"backend/router.py": router}, **fields))
            yield hub

    return serve


def ask(hub, path, other, method="POST"):
    return hub.ask(method, f"/api/v1/cards{path}?at={other.address}")


def record(host_database, answer):
    with Database(host_database) as database:
        return DryRuns(database).find(answer.headers["x-klods-dry-run-id"], 1)


@pytest.mark.parametrize("path", ["/order", "/order-async"])
def test_a_request_that_was_not_sent_is_a_409_that_says_what_and_how(served, host_database, other, path):
    with served(DRY) as hub:
        answer = ask(hub, path, other)
    assert (answer.status, answer.error, other.got) == (409, "not_sent", [])
    assert f"POST {other.address}/orders" in answer.json["message"]
    assert "when_dry=" in answer.json["hint"]
    assert answer.headers["x-klods-changes"] == "http=1"
    run = record(host_database, answer)
    assert (run["status"], run["counts"], run["rows"]) == (409, {}, [])
    (noted,) = run["outgoing"]
    assert (noted["kind"], noted["op"], noted["size"]) == ("http", "POST", 7)
    assert "hidden" not in str(run)


def test_who_catches_it_answers_as_it_likes(served, host_database, other):
    with served(DRY) as hub:
        answer = ask(hub, "/order-or-not", other)
    assert (answer.status, answer.json) == (200, "not sent")
    assert len(record(host_database, answer)["outgoing"]) == 1


@pytest.mark.parametrize("path", ["/stand-in", "/everything"])
def test_with_a_stand_in_the_answer_is_the_live_one(served, other, path):
    with served(DRY) as hub:
        dry = ask(hub, path, other)
    assert other.got == []
    with served(LIVE) as hub:
        live = ask(hub, path, other)
    assert (dry.status, dry.body) == (live.status, live.body)
    assert other.got == ["POST /orders"]
    assert "x-klods-changes" not in live.headers


def test_everything_that_would_go_out_is_counted_and_kept(served, host_database, other, tmp_path):
    with served(DRY) as hub:
        answer = ask(hub, "/everything", other)
    assert answer.headers["x-klods-changes"] == "file=1, http=1, mail=2"
    told = [(one["kind"], one["target"]) for one in record(host_database, answer)["outgoing"]]
    assert told == [
        ("http", f"{other.address}/orders"),
        ("file", "a.txt"),
        ("mail", "anna@example.com"),
        ("mail", "bo@example.com"),
    ]
    with Database(host_database) as database:
        assert MailQueue(database).newest(5) == []
    assert [path for path in (tmp_path / "files").glob("**/*") if path.is_file()] == []


def test_of_a_request_that_ended_badly_only_what_would_have_been_sent_counts(served, host_database, other):
    with served(DRY) as hub:
        answer = ask(hub, "/refused", other)
    assert (answer.status, answer.headers["x-klods-changes"]) == (422, "http=1")
    assert record(host_database, answer)["status"] == 422


def test_a_dry_run_that_only_writes_a_file_is_kept_too(served, host_database, other):
    with served(DRY) as hub:
        answer = ask(hub, "/files-only", other)
    assert (answer.json, answer.headers["x-klods-changes"]) == ("1234", "file=1")
    assert record(host_database, answer)["outgoing"] == [
        {"kind": "file", "op": "write", "target": "a.txt", "size": 4, "details": {}}
    ]


@pytest.mark.parametrize("switches", [DRY, READ_ONLY])
def test_what_reads_goes_out_and_is_no_change(served, other, switches):
    with served(switches) as hub:
        answer = ask(hub, "/look", other, "GET")
    assert (answer.json, other.got) == ("real", ["GET /items"])
    assert "x-klods-changes" not in answer.headers


@pytest.mark.parametrize("path", ["/later", "/later-refused"])
def test_after_the_answer_a_dry_request_sends_nothing_either_and_that_joins_its_record(
    served, host_database, other, path
):
    with served(DRY) as hub:
        answer = ask(hub, path, other)
    assert (answer.json, other.got) == ("done", [])
    assert [one["target"] for one in record(host_database, answer)["outgoing"]] == [f"{other.address}/inside"]


def test_after_the_answer_a_live_request_sends_in_a_scope_only(served, other):
    with served(LIVE) as hub:
        assert ask(hub, "/later", other).json == "done"
    assert other.got == ["POST /inside"]


def test_native_modules_are_held_as_well_and_may_not_stop_the_server(served, host_database, other):
    with served(DRY, NATIVE, native_async=True) as hub:
        answer = ask(hub, "/order", other)
        assert ask(hub, "/blocking", other).error == "blocking_call"
    assert (answer.status, answer.headers["x-klods-changes"]) == (409, "http=1")
    assert record(host_database, answer)["status"] == 409
    assert other.got == []
