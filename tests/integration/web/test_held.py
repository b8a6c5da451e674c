"""Switches that are turned while something runs: a module on hold keeps nothing from then on, and others do not notice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.rows import dict_row, scalar_row
from starlette.testclient import TestClient
from support.engine import serving, write_module
from support.waiting import HANGS_AFTER_SECONDS, until

from klods.db.database import Database
from klods.db.dry_runs import DryRuns
from klods.db.roles.capturing import arm
from klods.kernel.switches import LIVE, Switches

HELD, READ_ONLY = Switches(), Switches(read_only=True, dry_run=False)
TABLES = """
create table cards_card(id int generated always as identity primary key, name text);
create table notes_note(id int generated always as identity primary key, name text);
"""

CARDS = """
    from __future__ import annotations

    import asyncio
    import threading

    from fastapi import APIRouter, BackgroundTasks, WebSocket
    from fastapi.responses import StreamingResponse

    from klods.db.scope import scope
    from klods.db.statements import execute_insert, execute_query
    from klods.errors import KlodsError
    from klods.modules.cards.api import add

    router = APIRouter()
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        go_on.wait(60)

    @router.post("/slow")
    def slow() -> str:
        add("slow")
        pause()
        return "done"

    @router.post("/waits")
    def waits() -> str:
        add("waits")
        inside.set()
        execute_query("select pg_sleep(60)")
        return "done"

    @router.post("/late")
    def late() -> str:
        pause()
        add("late")
        return "done"

    @router.post("/stubborn")
    def stubborn() -> str:
        add("stubborn")
        pause()
        try:
            add("again")
        except KlodsError:
            pass
        return "done"

    @router.post("/dry")
    def dry() -> str:
        add("dry")
        pause()
        return "done"

    @router.post("/later")
    def later(tasks: BackgroundTasks) -> str:
        def work() -> None:
            pause()
            with scope():
                add("later")

        tasks.add_task(work)
        return "done"

    @router.post("/working")
    def working(tasks: BackgroundTasks) -> str:
        def work() -> None:
            with scope():
                add("working")
                pause()

        tasks.add_task(work)
        return "done"

    @router.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()

        def write(name: str) -> str:
            try:
                with scope() as inner:
                    if name != "read":
                        add(name)
                    return str(inner.mode)
            except Exception as error:
                return type(error).__name__

        async for name in socket.iter_text():
            await socket.send_text(await asyncio.to_thread(write, name))
"""
API = """
    from klods.db.crossing import api
    from klods.db.statements import execute_insert

    @api
    def add(name: str) -> None:
        execute_insert("insert into cards_card(name) values (%s)", [name])
"""
NOTES = """
    import threading

    from fastapi import APIRouter

    from klods.db.statements import execute_insert
    from klods.modules.cards.api import add

    router = APIRouter()
    inside, go_on = threading.Event(), threading.Event()

    def write(name: str) -> str:
        execute_insert("insert into notes_note(name) values (%s)", [name])
        inside.set()
        go_on.wait(60)
        return "done"

    @router.post("/alone")
    def alone() -> str:
        return write("alone")

    @router.post("/calling")
    def calling() -> str:
        add("from notes")
        return write("calling")
"""


@pytest.fixture
def conninfo(host_database):
    with psycopg.connect(host_database, autocommit=True, row_factory=dict_row) as connection:
        connection.execute(TABLES)
        for prefix in ("cards_", "notes_"):
            arm(connection, prefix)
    return host_database


class Turned:
    """A hub with two modules whose switches a test turns, and threads that ask it something."""

    def __init__(self, database, tmp_path, stack):
        self.switches = {"cards": LIVE, "notes": LIVE}
        self.keep = DryRuns(database).keep
        around = serving(database, switches=lambda code, _: self.switches[code], keep_dry_run=self.keep)
        self.hub = stack.enter_context(around)
        cards = write_module(tmp_path, "cards", {"backend/router.py": CARDS, "api.py": API})
        notes = write_module(tmp_path, "notes", {"backend/router.py": NOTES}, requires=("cards",))
        self.hub.add(cards)
        self.hub.add(notes)
        catalog = {"cards": cards, "notes": notes}
        object.__setattr__(self.hub.around, "catalog", lambda: catalog)
        self.pool = stack.enter_context(ThreadPoolExecutor())
        stack.callback(self.go_on)

    def begin(self, path, **more):
        """Ask, and return when the handler is where it pauses."""
        code = path.split("/")[1]
        module = self.hub.code(code)
        module.inside.clear()
        module.go_on.clear()
        answer = self.pool.submit(self.hub.ask, "POST", f"/api/v1{path}", **more)
        assert module.inside.wait(HANGS_AFTER_SECONDS)
        return answer

    def go_on(self):
        for code in ("cards", "notes"):
            self.hub.code(code).go_on.set()

    def hold(self, code="cards", switches=HELD, seconds=0.05):
        """What a process does when it is told."""
        self.switches[code] = switches
        return self.hub.around.ongoing.settle(lambda code, _: not self.switches[code].live, seconds)


@pytest.fixture
def turned(conninfo, tmp_path):
    from contextlib import ExitStack

    with ExitStack() as stack:
        database = stack.enter_context(Database(conninfo, pool_size=4, wait_seconds=HANGS_AFTER_SECONDS))
        yield Turned(database, tmp_path, stack)


@pytest.fixture
def names(conninfo):
    def read(table="cards_card"):
        with psycopg.connect(conninfo, row_factory=scalar_row) as connection:
            return connection.execute(f"select name from {table} order by id").fetchall()

    return read


@pytest.mark.parametrize("switches", [HELD, READ_ONLY, Switches(read_only=False, dry_run=True)])
def test_a_request_that_ends_in_time_is_kept_before_the_hold_is_answered(turned, names, switches):
    answer = turned.begin("/cards/slow")
    held = turned.pool.submit(turned.hold, "cards", switches, HANGS_AFTER_SECONDS)
    assert not held.done()
    turned.go_on()
    assert held.result() == 0
    assert names() == ["slow"]
    assert answer.result().status == 200


@pytest.mark.parametrize("path", ["/cards/slow", "/cards/waits", "/cards/stubborn"])
def test_a_request_that_does_not_end_in_time_keeps_nothing_and_is_told_why(turned, names, path):
    answer = turned.begin(path)
    assert turned.hold() == 1
    assert names() == []
    turned.go_on()
    assert (answer.result().status, answer.result().error) == (409, "held_meanwhile")
    assert "klods module live cards" in answer.result().json["hint"]
    assert names() == []


def test_a_request_that_has_not_written_yet_is_refused_when_it_does(turned, names):
    answer = turned.begin("/cards/late")
    assert turned.hold() == 0
    turned.go_on()
    assert (answer.result().status, answer.result().error) == (409, "held_meanwhile")
    assert names() == []


def test_a_dry_request_is_not_waited_for(turned, names):
    answer = turned.begin("/cards/dry?dry_run=true")
    assert turned.hold(seconds=HANGS_AFTER_SECONDS) == 0
    turned.go_on()
    assert answer.result().status == 200
    assert names() == []


def test_requests_to_other_modules_are_neither_waited_for_nor_cut(turned, names):
    answer = turned.begin("/notes/alone")
    assert turned.hold(seconds=HANGS_AFTER_SECONDS) == 0
    turned.go_on()
    assert answer.result().status == 200
    assert names("notes_note") == ["alone"]


def test_a_request_to_another_module_that_wrote_here_is_waited_for_and_then_cut(turned, names):
    answer = turned.begin("/notes/calling")
    assert turned.hold("cards") == 1
    turned.go_on()
    assert (answer.result().status, answer.result().error) == (409, "held_meanwhile")
    assert (names(), names("notes_note")) == ([], [])


def test_a_request_to_another_module_that_came_after_the_hold_is_not(turned, names):
    turned.hold("cards")
    answer = turned.begin("/notes/calling")
    assert turned.hold("cards", seconds=HANGS_AFTER_SECONDS) == 0
    turned.go_on()
    assert answer.result().status == 200
    assert (names(), names("notes_note")) == ([], ["calling"])


def test_work_after_the_answer_obeys_the_switches_of_its_moment_and_is_recorded(turned, names, conninfo):
    answer = turned.begin("/cards/later")
    turned.hold()
    turned.go_on()
    assert answer.result().status == 200
    assert names() == []
    with psycopg.connect(conninfo, row_factory=scalar_row) as connection:
        rows = connection.execute("select changes->'rows'->0->'new'->>'name' from klods.dry_run").fetchall()
    assert rows == ["later"]


def test_work_after_the_answer_of_a_dry_request_stays_dry_when_the_module_goes_live(turned, names):
    turned.hold()
    answer = turned.begin("/cards/later")
    turned.switches["cards"] = LIVE
    turned.go_on()
    assert answer.result().status == 200
    assert names() == []


def test_work_after_the_answer_that_is_under_way_is_cut_too(turned, names):
    answer = turned.begin("/cards/working")
    assert turned.hold() == 1
    turned.go_on()
    answer.result()
    assert names() == []


def test_each_scope_of_a_socket_obeys_the_switches_of_its_moment(turned, names, conninfo):
    client = TestClient(turned.hub.app, headers={"x-user": "admin"})
    with client, client.websocket_connect("/api/v1/cards/socket") as socket:

        def say(name):
            socket.send_text(name)
            return socket.receive_text()

        assert say("one") == "live"
        turned.hold()
        assert say("two") == "dry"
        turned.hold(switches=READ_ONLY)
        assert say("three") == "ReadOnlySqlTransaction"
        assert say("read") == "read_only"
        turned.switches["cards"] = LIVE
        assert say("four") == "live"
    assert names() == ["one", "four"]
    until(lambda: recorded(conninfo) == ["two"])


def recorded(conninfo):
    with psycopg.connect(conninfo, row_factory=scalar_row) as connection:
        return connection.execute("select changes->'rows'->0->'new'->>'name' from klods.dry_run").fetchall()


def test_a_socket_of_a_module_on_hold_goes_live_with_it_unless_it_asked_to_be_dry(turned, names):
    turned.hold()
    client = TestClient(turned.hub.app, headers={"x-user": "admin"})
    with client:
        for query in ("", "?dry_run=true"):
            turned.switches["cards"] = HELD
            with client.websocket_connect(f"/api/v1/cards/socket{query}") as socket:
                socket.send_text("held")
                assert socket.receive_text() == "dry"
                turned.switches["cards"] = LIVE
                socket.send_text(f"live{query}")
                assert socket.receive_text() == ("dry" if query else "live")
    assert names() == ["live"]


def test_a_socket_that_insists_on_being_live_is_refused_once_the_module_is_held(turned, names):
    client = TestClient(turned.hub.app, headers={"x-user": "admin"})
    with client, client.websocket_connect("/api/v1/cards/socket?dry_run=false") as socket:
        socket.send_text("one")
        assert socket.receive_text() == "live"
        turned.hold()
        socket.send_text("two")
        assert socket.receive_text() == "NotLive"
    assert names() == ["one"]


def test_nobody_keeps_anything_after_a_hold_however_the_two_meet(turned, names):
    """Requests without a pause meet the hold at every point of their way."""
    stop = threading.Event()
    statuses = []

    def ask():
        while not stop.is_set():
            statuses.append(turned.hub.ask("POST", "/api/v1/cards/slow").status)

    turned.go_on()
    askers = [turned.pool.submit(ask) for _ in range(4)]
    for _ in range(20):
        turned.switches["cards"] = LIVE
        seen = len(statuses)
        until(lambda seen=seen: len(statuses) > seen + 4)
        turned.hold(seconds=HANGS_AFTER_SECONDS)
        after = names()
        seen = len(statuses)
        until(lambda seen=seen: len(statuses) > seen + 4)
        assert names() == after
    stop.set()
    for asker in askers:
        asker.result()
    assert set(statuses) <= {200, 409}


def test_a_live_answer_names_the_module_whose_part_was_only_tried(turned, names):
    turned.switches["cards"] = Switches(read_only=False, dry_run=True)
    answer = turned.begin("/notes/calling")
    turned.go_on()
    assert answer.result().headers["x-klods-undone"] == "cards"
    assert (names(), names("notes_note")) == ([], ["calling"])
    turned.switches["cards"] = LIVE
    answer = turned.begin("/notes/calling")
    turned.go_on()
    assert "x-klods-undone" not in answer.result().headers
