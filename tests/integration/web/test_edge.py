"""One request is one unit: what is kept, what is undone, and that the connection is back before the first byte."""

import asyncio

import psycopg
import pytest
from psycopg.rows import scalar_row
from starlette.testclient import TestClient
from support.engine import Request, ask, serving, write_module
from support.waiting import HANGS_AFTER_SECONDS, soon

from klods.db.database import Database

TABLES = """
create table cards_card(id int generated always as identity primary key, name text not null unique);
create table cards_owner(id int, card_id int references cards_card(id) deferrable initially deferred);
"""

HEAD = """
    from __future__ import annotations

    import asyncio
    import contextlib
    import threading
    from typing import Any

    from fastapi import APIRouter, BackgroundTasks, Depends, Form, HTTPException, Request, UploadFile, WebSocket
    from fastapi.responses import RedirectResponse, Response, StreamingResponse
    from sqlalchemy import text
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    from klods.db.scope import scope
    from klods.db.statements import execute_insert, execute_query, execute_update, get_db, savepoint
    from klods.errors import NoScope

    router = APIRouter()
    inside, go_on = threading.Semaphore(0), threading.Event()

    def add(name: str) -> int:
        return execute_insert("insert into cards_card(name) values (%s)", [name])
"""


@pytest.fixture
def conninfo(empty_database):
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(TABLES)
    return empty_database


@pytest.fixture
def hub(conninfo):
    with Database(conninfo, pool_size=2, wait_seconds=HANGS_AFTER_SECONDS) as database, serving(database) as hub:
        yield hub


@pytest.fixture
def names(conninfo):
    def read() -> list[str]:
        with psycopg.connect(conninfo, row_factory=scalar_row) as connection:
            return connection.execute("select name from cards_card order by id").fetchall()

    return read


def cards(tmp_path, text, code="cards", **fields):
    return write_module(tmp_path, code, {"backend/router.py": HEAD + text}, **fields)


WRITES = """
    @router.post("/ok")
    async def ok() -> int:
        return add("ok")

    @router.post("/refused")
    async def refused() -> None:
        add("refused")
        raise HTTPException(409, "no")

    @router.post("/returned")
    def returned() -> Response:
        add("returned")
        return Response(status_code=422)

    @router.post("/broken")
    async def broken() -> None:
        add("broken")
        raise LookupError("broken")

    @router.post("/redirected")
    async def redirected() -> RedirectResponse:
        add("redirected")
        return RedirectResponse("/cards", status_code=303)

    @router.post("/raised")
    async def raised() -> None:
        add("raised")
        raise HTTPException(303, headers={"location": "/cards"})

    @router.get("/unchanged")
    def unchanged() -> Response:
        add("unchanged")
        return Response(status_code=304)

    @router.head("/head")
    def head() -> Response:
        add("head")
        return Response(headers={"x-cards": "1"})
"""


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("path", "method", "status", "kept"),
    [
        ("ok", "POST", 200, True),
        ("refused", "POST", 409, False),
        ("returned", "POST", 422, False),
        ("broken", "POST", 500, False),
        ("redirected", "POST", 303, True),
        ("raised", "POST", 303, True),
        ("unchanged", "GET", 304, True),
        ("head", "HEAD", 200, True),
    ],
)
def test_a_unit_is_kept_below_400_and_undone_otherwise(hub, tmp_path, names, path, method, status, kept, native):
    text = WRITES.replace("async def", "def") if native else WRITES
    hub.add(cards(tmp_path, text, native_async=native))
    answer = hub.ask(method, f"/api/v1/cards/{path}")
    assert (answer.status, names()) == (status, [path] if kept else [])


def test_a_coroutine_of_a_native_module_may_not_block_the_loop(hub, tmp_path, names):
    hub.add(cards(tmp_path, WRITES, native_async=True))
    answer = hub.ask("POST", "/api/v1/cards/ok")
    assert (answer.status, answer.error, names()) == (500, "blocking_call", [])


def test_six_callers_with_sql_around_an_await_are_served_by_a_pool_of_two(hub, tmp_path):
    hub.add(cards(tmp_path, """
    @router.get("/slow")
    async def slow() -> int:
        execute_query("select 1")
        inside.release()
        await asyncio.to_thread(go_on.wait, 60)
        return execute_query("select 1 as one")[0]["one"]
    """))  # fmt: skip
    hub.add(cards(tmp_path, """
    @router.get("/quick")
    async def quick() -> int:
        return 2
    """, code="other"))  # fmt: skip

    async def journey():
        six = [asyncio.create_task(ask(hub.app, Request(path="/api/v1/cards/slow"))) for _ in range(6)]
        for _ in range(2):
            await soon(lambda: hub.code("cards").inside.acquire(blocking=False))
        assert (await ask(hub.app, Request(path="/api/v1/other/quick"))).json == 2
        assert not any(task.done() for task in six)
        hub.code("cards").go_on.set()
        return [(await task).status for task in six]

    assert asyncio.run(journey()) == [200] * 6


def test_commit_and_rollback_in_a_handler_end_nothing_of_the_edge(hub, tmp_path, names):
    hub.add(cards(tmp_path, """
    @router.post("/undone")
    async def undone(db: Session = Depends(get_db)) -> None:
        db.execute(text("insert into cards_card(name) values ('committed')"))
        db.commit()
        raise HTTPException(400)

    @router.post("/done")
    def done(db: Session = Depends(get_db)) -> None:
        db.execute(text("insert into cards_card(name) values ('first')"))
        db.commit()
        db.execute(text("insert into cards_card(name) values ('second')"))
        db.rollback()
        add("third")
    """))  # fmt: skip
    assert hub.ask("POST", "/api/v1/cards/undone").status == 400
    assert names() == []
    assert hub.ask("POST", "/api/v1/cards/done").status == 200
    assert names() == ["first", "third"]


@pytest.mark.parametrize("native", [False, True])
def test_what_a_session_still_holds_back_is_kept_with_the_request(hub, tmp_path, names, native):
    hub.add(cards(tmp_path, """
    class Base(DeclarativeBase):
        pass

    class Card(Base):
        __tablename__ = "cards_card"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    @router.post("/add")
    def put(db: Session = Depends(get_db)) -> None:
        db.add(Card(name="held back"))
    """, native_async=native))  # fmt: skip
    assert hub.ask("POST", "/api/v1/cards/add").status == 200
    assert names() == ["held back"]


def test_a_swallowed_failure_is_a_500_and_a_savepoint_is_the_way_to_try(hub, tmp_path, names):
    hub.add(cards(tmp_path, """
    @router.post("/swallowed")
    async def swallowed() -> str:
        add("lost")
        with contextlib.suppress(Exception):
            execute_query("select nonsense")
        return "fine"

    @router.post("/tried")
    async def tried() -> str:
        add("kept")
        with contextlib.suppress(Exception), savepoint():
            execute_query("select nonsense")
        return "fine"
    """))  # fmt: skip
    answer = hub.ask("POST", "/api/v1/cards/swallowed")
    assert (answer.status, answer.error, names()) == (500, "swallowed_failure", [])
    assert hub.ask("POST", "/api/v1/cards/tried").status == 200
    assert names() == ["kept"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("native", [False, True])
def test_a_commit_that_fails_replaces_the_whole_response(hub, tmp_path, names, streamed, native):
    body = "StreamingResponse(iter(['all ', 'is well']))" if streamed else "Response('all is well')"
    hub.add(cards(tmp_path, f"""
    @router.post("/owner")
    def owner() -> Any:
        add("lost")
        execute_update("insert into cards_owner values (1, 4711)")
        return {body}
    """, native_async=native))  # fmt: skip
    answer = hub.ask("POST", "/api/v1/cards/owner")
    assert (answer.status, answer.error, answer.whole) == (500, "commit_failed", True)
    assert b"well" not in answer.body
    assert names() == []


@pytest.mark.parametrize("native", [False, True])
def test_the_connection_is_back_before_a_slow_client_reads_the_first_byte(hub, tmp_path, native):
    hub.add(cards(tmp_path, """
    @router.get("/big")
    def big(request: Request) -> Response:
        return Response("x" * execute_query("select 3000000 as n")[0]["n"])

    @router.get("/streamed")
    def streamed() -> StreamingResponse:
        n = execute_query("select 5 as n")[0]["n"]
        return StreamingResponse(iter("x" * n))
    """, native_async=native))  # fmt: skip

    async def journey():
        waiting, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def slow(message):
            waiting.release()
            await go_on.wait()

        paths = ["/api/v1/cards/big", "/api/v1/cards/streamed"] * 2
        four = [asyncio.create_task(ask(hub.app, Request(path=path, before_reading=slow))) for path in paths]
        for _ in four:
            await asyncio.wait_for(waiting.acquire(), HANGS_AFTER_SECONDS)
        assert (await ask(hub.app, Request(path="/api/v1/cards/big"))).status == 200
        go_on.set()
        return [len((await task).body) for task in four]

    assert asyncio.run(journey()) == [3_000_000, 5, 3_000_000, 5]


def test_what_runs_after_the_response_has_no_scope_unless_it_opens_one(hub, tmp_path, names):
    hub.add(cards(tmp_path, """
    said: list[str] = []

    def careless() -> None:
        try:
            add("careless")
        except NoScope:
            said.append("no scope")

    async def careful() -> None:
        with scope():
            add("careful")

    def broken() -> None:
        with scope():
            add("undone")
            raise LookupError("broken")

    @router.post("/tasks")
    async def tasks(tasks: BackgroundTasks) -> None:
        add("request")
        for task in (careless, careful, broken):
            tasks.add_task(task)

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        def lines():
            try:
                add("careless")
            except NoScope:
                yield "no scope, "
            with scope():
                add("streamed")
            yield "done"
        return StreamingResponse(lines())

    @router.get("/said")
    def look() -> list[str]:
        return said
    """))  # fmt: skip
    assert hub.ask("POST", "/api/v1/cards/tasks").status == 200
    assert names() == ["request", "careful"]
    assert hub.ask("GET", "/api/v1/cards/said").json == ["no scope"]
    assert hub.ask("GET", "/api/v1/cards/stream").body == b"no scope, done"
    assert names() == ["request", "careful", "streamed"]


def test_what_a_dependency_does_after_its_yield_belongs_to_the_unit(hub, tmp_path, names):
    hub.add(cards(tmp_path, """
    def auditing():
        yield
        add("audit")

    def failing():
        yield
        raise LookupError("at the end")

    @router.post("/audited", dependencies=[Depends(auditing)])
    async def audited() -> int:
        return add("card")

    @router.post("/failed", dependencies=[Depends(failing)])
    async def failed() -> int:
        return add("lost")
    """))  # fmt: skip
    assert hub.ask("POST", "/api/v1/cards/audited").status == 200
    assert hub.ask("POST", "/api/v1/cards/failed").status == 500
    assert names() == ["card", "audit"]


def test_bodies_forms_and_uploads_are_read_on_any_loop(hub, tmp_path):
    hub.add(cards(tmp_path, """
    @router.post("/json")
    async def raw(request: Request) -> Any:
        return await request.json()

    @router.post("/pieces")
    async def pieces(request: Request) -> list[int]:
        return [len(piece) async for piece in request.stream()]

    @router.post("/form")
    def form(name: str = Form()) -> str:
        return name

    @router.post("/upload")
    async def upload(file: UploadFile, name: str = Form()) -> list:
        return [name, file.filename, len(await file.read())]

    @router.post("/waiting")
    async def waiting(request: Request) -> list:
        return [await request.is_disconnected(), await request.json(), await request.is_disconnected()]
    """))  # fmt: skip
    with TestClient(hub.app, headers={"x-user": "admin"}) as client:
        assert client.post("/api/v1/cards/json", json={"a": [1]}).json() == {"a": [1]}
        assert sum(client.post("/api/v1/cards/pieces", content=b"x" * 300_000).json()) == 300_000
        assert client.post("/api/v1/cards/form", data={"name": "Åse"}).json() == "Åse"
        files = {"file": ("a.txt", b"y" * 2_000_000)}
        answer = client.post("/api/v1/cards/upload", data={"name": "a"}, files=files)
        assert answer.json() == ["a", "a.txt", 2_000_000]
    body = [b'{"a"', b": 1}"]
    assert hub.ask("POST", "/api/v1/cards/waiting", body=body).json == [False, {"a": 1}, False]


def test_a_socket_echoes_and_its_scope_must_be_opened(hub, tmp_path, names):
    hub.add(cards(tmp_path, """
    @router.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        text = await socket.receive_text()
        try:
            add(text)
        except NoScope:
            await socket.send_text("no scope")

        def write() -> None:
            with scope():
                add(text)

        await asyncio.to_thread(write)
        await socket.send_text(text)

    @router.websocket("/broken")
    async def broken(socket: WebSocket) -> None:
        await socket.accept()
        raise NoScope
    """))  # fmt: skip
    with TestClient(hub.app, headers={"x-user": "admin"}) as client:
        with client.websocket_connect("/api/v1/cards/echo") as socket:
            socket.send_text("hello")
            assert [socket.receive_text(), socket.receive_text()] == ["no scope", "hello"]
        with client.websocket_connect("/api/v1/cards/broken") as socket:
            assert socket.receive()["code"] == 1011
    assert names() == ["hello"]


def test_a_cancelled_request_is_undone_and_its_connection_comes_back(hub, tmp_path, names):
    hub.add(cards(tmp_path, """
    @router.post("/forever/{number}")
    async def forever(number: int) -> None:
        add(f"lost {number}")
        inside.release()
        await asyncio.Event().wait()

    @router.get("/fine")
    async def fine() -> int:
        return len(execute_query("select 1"))
    """))  # fmt: skip

    async def journey():
        tasks = [asyncio.create_task(ask(hub.app, Request("POST", f"/api/v1/cards/forever/{n}"))) for n in range(2)]
        for _ in tasks:
            await soon(lambda: hub.code("cards").inside.acquire(blocking=False))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return (await ask(hub.app, Request(path="/api/v1/cards/fine"))).status

    assert asyncio.run(journey()) == 200
    assert names() == []


def test_a_client_that_leaves_while_it_sends_costs_no_incident(hub, tmp_path, names, caplog):
    hub.add(cards(tmp_path, """
    @router.post("/json")
    async def raw(request: Request) -> Any:
        add("lost")
        return await request.json()
    """))  # fmt: skip

    async def gone():
        return {"type": "http.disconnect"}

    async def nobody(message):
        raise AssertionError(message)

    asyncio.run(hub.app(Request("POST", "/api/v1/cards/json").scope(), gone, nobody))
    assert names() == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_client_that_leaves_while_it_reads_costs_no_incident(hub, tmp_path, names, caplog):
    hub.add(cards(tmp_path, """
    @router.get("/stream")
    def stream() -> StreamingResponse:
        add("kept")
        return StreamingResponse("x" * 10 for _ in range(1000))
    """))  # fmt: skip

    async def leave(message):
        if message["type"] == "http.response.body":
            raise OSError("connection lost")

    asyncio.run(ask(hub.app, Request(path="/api/v1/cards/stream", before_reading=leave)))
    assert names() == ["kept"]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_an_error_names_its_incident_and_the_log_names_the_module(hub, tmp_path, caplog):
    hub.add(cards(tmp_path, WRITES))
    answer = hub.ask("POST", "/api/v1/cards/broken")
    assert answer.error == "internal_error"
    assert "LookupError" not in answer.body.decode()
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.klods["module"] == "cards"
    assert record.klods["incident"] == answer.json["data"]["incident"]
    assert record.exc_info[0] is LookupError


def test_a_stream_that_breaks_is_not_finished_as_if_it_were_whole(hub, tmp_path, caplog):
    hub.add(cards(tmp_path, """
    @router.get("/stream")
    def stream() -> StreamingResponse:
        def lines():
            yield "one"
            raise LookupError("broken")
        return StreamingResponse(lines())
    """))  # fmt: skip
    answer = hub.ask("GET", "/api/v1/cards/stream")
    assert (answer.status, answer.body, answer.whole) == (200, b"one", False)
    assert any("incident" in record.message for record in caplog.records)
