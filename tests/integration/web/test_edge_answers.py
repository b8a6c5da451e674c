"""Answers that no server can send, and ends of a handler that nobody expects: a 500, and nothing is kept."""

import psycopg
import pytest
from psycopg.rows import scalar_row
from support.engine import serving, write_module
from support.waiting import HANGS_AFTER_SECONDS

from klods.db.database import Database

CARDS = """
    from fastapi import APIRouter, HTTPException
    from fastapi.responses import Response

    from klods.db.statements import execute_insert

    router = APIRouter()

    class Odd(BaseException): ...

    ENDS = {
        "base": Odd("odd"),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "generator": GeneratorExit(),
        "group": BaseExceptionGroup("many", [SystemExit(3)]),
    }

    def add() -> None:
        execute_insert("insert into cards_card(name) values ('a')")

    @router.post("/returned/{status}")
    async def returned(status: int) -> Response:
        add()
        return Response(status_code=status)

    @router.post("/raised/{status}")
    def raised(status: int) -> None:
        add()
        raise HTTPException(status)

    @router.post("/header")
    def header(name: str, value: str) -> Response:
        add()
        return Response(headers={name: value})

    @router.post("/thrown")
    def thrown(value: str) -> Response:
        add()
        raise HTTPException(302, headers={"location": value})

    @router.post("/ends/{how}")
    async def ends(how: str) -> None:
        add()
        raise ENDS[how]

    class Silent(Response):
        async def __call__(self, scope, receive, send) -> None: ...

    @router.get("/silent")
    def silent() -> Response:
        return Silent()
"""


@pytest.fixture
def conninfo(empty_database):
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table cards_card(id int generated always as identity primary key, name text)")
    return empty_database


@pytest.fixture
def hub(conninfo, tmp_path):
    with Database(conninfo, pool_size=2, wait_seconds=HANGS_AFTER_SECONDS) as database, serving(database) as hub:
        hub.add(write_module(tmp_path, "cards", {"backend/router.py": CARDS}))
        yield hub


@pytest.fixture
def cards(conninfo):
    def count() -> int:
        with psycopg.connect(conninfo, row_factory=scalar_row) as connection:
            return connection.execute("select count(*) from cards_card").fetchone()

    return count


@pytest.mark.parametrize(
    "path",
    [
        "returned/99",
        "returned/100",
        "returned/600",
        "returned/-1",
        "raised/1",
        "raised/700",
        "header?name=x-a&value=a%0d%0aset-cookie:%20a=b",
        "header?name=x-a&value=%00",
        "header?name=x%20a&value=b",
        "header?name=content-length&value=many",
        "thrown?value=/a%0d%0aset-cookie:%20a=b",
    ],
)
def test_what_cannot_be_sent_is_a_500_and_undone(hub, cards, path):
    answer = hub.ask("POST", f"/api/v1/cards/{path}")
    assert (answer.status, answer.error, cards()) == (500, "internal_error", 0)


@pytest.mark.parametrize("how", ["base", "exit", "interrupt", "generator", "group"])
def test_no_end_of_a_handler_passes_the_edge(hub, cards, how):
    answer = hub.ask("POST", f"/api/v1/cards/ends/{how}")
    assert (answer.status, answer.error, cards()) == (500, "internal_error", 0)


def test_who_says_nothing_has_failed(hub):
    assert hub.ask("GET", "/api/v1/cards/silent").error == "internal_error"


@pytest.mark.parametrize("path", ["returned/299", "header?name=x-a&value=a%09%c3%a6", "thrown?value=/a"])
def test_what_can_be_sent_is_kept(hub, cards, path):
    assert hub.ask("POST", f"/api/v1/cards/{path}").status < 400
    assert cards() == 1
