"""READ_ONLY and DRY_RUN at the edge: the answer is the live one, and nothing of it is kept."""

import threading
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.rows import dict_row, scalar_row
from support.engine import serving, write_module
from support.waiting import HANGS_AFTER_SECONDS

from klods.db.database import Database
from klods.db.dry_runs import DryRuns
from klods.db.roles.capturing import arm
from klods.kernel.switches import LIVE, Switches

DRY, READ_ONLY = Switches(read_only=True, dry_run=True), Switches(read_only=True, dry_run=False)

TABLES = """
create table cards_card(id int generated always as identity primary key, name text not null unique);
create table cards_owner(id int, card_id int references cards_card(id) deferrable initially deferred);
insert into cards_card(name) values ('first');
"""

ROUTER = """
    from __future__ import annotations

    from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
    from fastapi.responses import StreamingResponse
    from psycopg.errors import ReadOnlySqlTransaction
    from sqlalchemy import Identity, text
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    from klods.db.migrating.migrator import execute_module_migration
    from klods.db.scope import scope, unit
    from klods.db.statements import execute_insert, execute_query, execute_update, get_db, savepoint
    from klods.web.engine.marks import reads_only

    router = APIRouter()

    def add(name: str) -> None:
        execute_insert("insert into cards_card(name) values (%s)", [name])

    def names() -> list[str]:
        return [row["name"] for row in execute_query("select name from cards_card order by id")]

    @router.get("/names")
    def listed() -> list[str]:
        return names()

    @router.post("/add", status_code=201)
    def added() -> list[str]:
        add("added")
        return names()

    @router.post("/savepoints")
    async def savepoints() -> list[str]:
        try:
            with savepoint():
                add("one")
                add("one")
        except Exception:
            add("two")
        with savepoint():
            add("three")
        with unit():
            add("four")
        return names()

    @router.post("/committed")
    def committed(db: Session = Depends(get_db)) -> list[str]:
        db.execute(text("insert into cards_card(name) values ('committed')"))
        db.commit()
        db.execute(text("insert into cards_card(name) values ('taken back')"))
        db.rollback()
        return names()

    @router.post("/dangling")
    def dangling() -> str:
        execute_update("insert into cards_owner values (1, 999)")
        return "done"

    @router.post("/swallowed")
    def swallowed() -> str:
        try:
            execute_query("select nonsense")
        except Exception:
            pass
        return "done"

    @router.post("/broken")
    def broken() -> None:
        add("broken")
        raise LookupError("broken")

    @router.post("/refused")
    def refused() -> None:
        add("refused")
        raise HTTPException(422, "no")

    @router.post("/streamed")
    def streamed() -> StreamingResponse:
        add("streamed")

        def lines():
            yield "one "
            with scope():
                add("in the stream")
                with unit():
                    add("in a unit")
                yield f"{len(names())}"
            with scope():
                yield f" {len(names())}"

        return StreamingResponse(lines())

    @router.post("/later")
    def later(tasks: BackgroundTasks) -> str:
        def work() -> None:
            with scope() as inner:
                if inner.read_only:
                    return
                add("later")

        tasks.add_task(work)
        return "done"

    @router.post("/inside")
    def inside() -> None:
        with scope():
            add("in a scope of its own")
        add("outside")

    @router.post("/search")
    @reads_only
    def search() -> list[str]:
        return names()

    @router.post("/liar")
    @reads_only
    def liar() -> None:
        add("liar")

    @router.post("/many")
    def many() -> None:
        execute_update("insert into cards_card(name) select 'card ' || n from generate_series(1, 1500) n")
        execute_update("update cards_card set name = 'last' where name = 'card 1500'")
        execute_update("delete from cards_card where name = 'first'")
        execute_update("insert into cards_owner values (1, null)")

    @router.get("/sneaky")
    def sneaky() -> None:
        add("sneaky")

    class Base(DeclarativeBase):
        pass

    class Card(Base):
        __tablename__ = "cards_card"
        id: Mapped[int] = mapped_column(Identity(), primary_key=True)
        name: Mapped[str]

    @router.get("/sneaky/session")
    def sneaky_session(db: Session = Depends(get_db)) -> None:
        db.execute(text("insert into cards_card(name) values ('sneaky')"))

    @router.get("/sneaky/late")
    def sneaky_late(db: Session = Depends(get_db)) -> None:
        db.add(Card(name="sent when the unit ends"))

    @router.get("/own")
    def own() -> None:
        raise ReadOnlySqlTransaction("of a server of its own")

    @router.post("/migrated")
    def migrated() -> str:
        with scope():
            execute_module_migration("cards", "create table cards_more(id int)")
        return "done"
"""


@pytest.fixture
def conninfo(host_database):
    with psycopg.connect(host_database, autocommit=True, row_factory=dict_row) as connection:
        connection.execute(TABLES)
        arm(connection, "cards_")
    return host_database


@pytest.fixture
def served(conninfo, tmp_path):
    @contextmanager
    def serve(switches):
        with (
            Database(conninfo, pool_size=2, wait_seconds=HANGS_AFTER_SECONDS) as database,
            serving(database, switches=switches, keep_dry_run=DryRuns(database).keep) as hub,
        ):
            hub.add(write_module(tmp_path, "cards", {"backend/router.py": ROUTER}))
            yield hub

    return serve


@pytest.fixture
def checksums(conninfo):
    """A sum over every row of every table, with the transactions that wrote them."""

    def read() -> dict[str, str]:
        with psycopg.connect(conninfo, autocommit=True, row_factory=scalar_row) as connection:
            tables = connection.execute("select relname from pg_class where relkind = 'r' and relname like 'cards%'")
            each = "select md5(coalesce(string_agg(concat(xmin, t), ',' order by t::text), '')) from {} t"
            return {name: connection.execute(each.format(name)).fetchone() for name in tables}

    return read


WRITES = ["/add", "/savepoints", "/committed", "/dangling", "/swallowed", "/broken", "/refused", "/streamed", "/later"]


@pytest.mark.parametrize("path", WRITES)
def test_a_dry_request_answers_as_the_live_one_and_leaves_every_row_as_it_was(served, checksums, path):
    before = checksums()
    with served(DRY) as hub:
        dry = hub.ask("POST", f"/api/v1/cards{path}")
    assert checksums() == before
    with served(LIVE) as hub:
        live = hub.ask("POST", f"/api/v1/cards{path}")
    assert dry.headers["x-klods-dry-run"] == "true"
    assert "x-klods-dry-run" not in live.headers
    if path == "/streamed":
        assert (dry.body, live.body) == (b"one 3 1", b"one 4 4")
        return
    assert (dry.status, told(dry)) == (live.status, told(live))


def told(answer):
    """The body without what is different each time."""
    if not isinstance(answer.json, dict):
        return answer.json
    return answer.json | {"data": {key: value for key, value in answer.json["data"].items() if key != "incident"}}


def test_a_broken_deferred_constraint_answers_as_a_commit_that_failed(served):
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/dangling")
    assert (answer.status, answer.error) == (500, "commit_failed")


def test_a_read_only_module_refuses_what_changes_and_names_the_way_out(served, checksums):
    before = checksums()
    with served(READ_ONLY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/add")
        assert (answer.status, answer.error) == (409, "read_only_module")
        assert "klods module live cards" in answer.json["hint"]
        assert "x-klods-dry-run" not in answer.headers
        assert hub.ask("GET", "/api/v1/cards/names").json == ["first"]
        assert hub.ask("POST", "/api/v1/cards/search").json == ["first"]
    assert checksums() == before


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/liar"), ("GET", "/sneaky"), ("GET", "/sneaky/session"), ("GET", "/sneaky/late")]
)
def test_what_only_says_that_it_reads_is_refused_with_the_module_the_route_and_the_way_out(
    served, checksums, method, path
):
    before = checksums()
    with served(READ_ONLY) as hub:
        answer = hub.ask(method, f"/api/v1/cards{path}")
    assert (answer.status, answer.error) == (409, "read_only")
    assert answer.json["message"].startswith(f"{method} /api/v1/cards{path} says that it only reads")
    assert "cards is read-only" in answer.json["message"]
    assert "klods module live cards" in answer.json["hint"]
    assert "@reads_only" in answer.json["hint"]
    assert checksums() == before


def test_a_module_that_may_write_is_not_told_that_it_only_reads(served):
    with served(LIVE) as hub:
        assert hub.ask("GET", "/api/v1/cards/own").status == 500
        assert hub.ask("GET", "/api/v1/cards/sneaky").status == 200


def test_dry_run_wins_over_read_only(served):
    with served(Switches(read_only=True, dry_run=True)) as hub:
        assert hub.ask("POST", "/api/v1/cards/add").json == ["first", "added"]


@pytest.mark.parametrize("how", [{"path": "/api/v1/cards/add?dry_run=true"}, {"headers": {"X-Klods-Dry-Run": "true"}}])
@pytest.mark.parametrize("switches", [LIVE, READ_ONLY])
def test_one_request_can_ask_to_be_dry(served, checksums, how, switches):
    before = checksums()
    with served(switches) as hub:
        answer = hub.ask("POST", **({"path": "/api/v1/cards/add"} | how))
    assert (answer.status, answer.headers["x-klods-dry-run"]) == (201, "true")
    assert checksums() == before


@pytest.mark.parametrize("switches", [DRY, READ_ONLY, Switches(read_only=False, dry_run=True)])
def test_who_insists_on_a_live_call_is_refused_by_a_module_that_is_not_live(served, checksums, switches):
    before = checksums()
    with served(switches) as hub:
        answer = hub.ask("POST", "/api/v1/cards/add?dry_run=false")
    assert (answer.status, answer.error) == (409, "not_live")
    assert checksums() == before


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("?dry_run=maybe", {}),
        ("?dry_run=", {}),
        ("", {"X-Klods-Dry-Run": "1"}),
        ("?dry_run=true", {"X-Klods-Dry-Run": "false"}),
    ],
)
def test_an_unclear_wish_is_refused_before_anything_runs(served, checksums, path, headers):
    before = checksums()
    with served(LIVE) as hub:
        answer = hub.ask("POST", f"/api/v1/cards/add{path}", headers=headers)
    assert (answer.status, answer.error) == (422, "unclear_dry_run")
    assert checksums() == before


def test_no_migration_gets_out_of_a_dry_run(served, conninfo):
    with served(DRY) as hub:
        assert hub.ask("POST", "/api/v1/cards/migrated").error == "migration_in_request"


def test_background_work_of_a_dry_request_keeps_nothing_and_is_part_of_its_record(served, checksums, conninfo):
    before = checksums()
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/later")
    assert (answer.status, "x-klods-changes" in answer.headers) == (200, False)
    assert checksums() == before
    assert kept_rows(conninfo, answer) == ["later"]


def test_what_a_stream_would_change_is_part_of_the_record_of_its_request(served, checksums, conninfo):
    before = checksums()
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/streamed")
    assert answer.headers["x-klods-changes"] == "cards_card=+1~0-0"
    assert checksums() == before
    assert kept_rows(conninfo, answer) == ["streamed", "in the stream", "in a unit"]
    assert dry_runs(conninfo, answer)["counts"] == {"cards_card": [3, 0, 0]}


def test_what_a_scope_inside_a_dry_request_would_change_is_in_its_headers(served, checksums, conninfo):
    before = checksums()
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/inside")
    assert answer.headers["x-klods-changes"] == "cards_card=+2~0-0"
    assert checksums() == before
    assert kept_rows(conninfo, answer) == ["in a scope of its own", "outside"]


NATIVE = """
    import asyncio

    from fastapi import APIRouter

    from klods.db.scope import scope
    from klods.db.statements import execute_insert

    router = APIRouter()

    @router.post("/aside")
    async def aside() -> None:
        def work() -> None:
            with scope():
                execute_insert("insert into cards_card(name) values ('aside')")

        await asyncio.to_thread(work)
"""


def test_the_record_of_a_native_module_is_never_kept_on_the_loop_of_the_host(conninfo, tmp_path):
    keepers = []
    with Database(conninfo, pool_size=2) as database:

        def keep(run):
            keepers.append(threading.get_ident())
            DryRuns(database).keep(run)

        with serving(database, switches=DRY, keep_dry_run=keep) as hub:
            hub.add(write_module(tmp_path, "cards", {"backend/router.py": NATIVE}, native_async=True))
            answer = hub.ask("POST", "/api/v1/cards/aside")
    assert answer.headers["x-klods-changes"] == "cards_card=+1~0-0"
    assert kept_rows(conninfo, answer) == ["aside"]
    assert threading.get_ident() not in keepers


def kept_rows(conninfo, answer):
    return [row["new"]["name"] for row in dry_runs(conninfo, answer)["rows"]]


def test_a_live_request_is_kept(served):
    with served(LIVE) as hub:
        hub.ask("POST", "/api/v1/cards/add")
        assert hub.ask("GET", "/api/v1/cards/names").json == ["first", "added"]


def dry_runs(conninfo, answer):
    with Database(conninfo) as database:
        return DryRuns(database).find(answer.headers["x-klods-dry-run-id"], 1)


def test_a_dry_run_says_what_it_would_change_and_keeps_the_rows_for_an_hour(served, conninfo):
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/savepoints")
    assert answer.headers["x-klods-changes"] == "cards_card=+3~0-0"
    run = dry_runs(conninfo, answer)
    assert (run["module"], run["status"], run["counts"]) == ("cards", 200, {"cards_card": [3, 0, 0]})
    assert [(row["op"], row["old"], row["new"]["name"]) for row in run["rows"]] == [
        ("insert", None, "two"),
        ("insert", None, "three"),
        ("insert", None, "four"),
    ]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update klods.dry_run set at = now() - interval '61 minutes'")
    assert dry_runs(conninfo, answer) is None


def test_counts_are_exact_where_not_every_row_is_kept(served, conninfo):
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/many")
    assert answer.headers["x-klods-changes"] == "cards_card=+1500~1-1, cards_owner=+1~0-0"
    assert len(dry_runs(conninfo, answer)["rows"]) == 1000


@pytest.mark.parametrize("path", ["/refused", "/broken", "/dangling", "/swallowed"])
def test_what_a_live_call_would_not_keep_is_no_change(served, path):
    with served(DRY) as hub:
        answer = hub.ask("POST", f"/api/v1/cards{path}")
    assert answer.headers["x-klods-dry-run"] == "true"
    assert "x-klods-changes" not in answer.headers
    assert "x-klods-dry-run-id" not in answer.headers


def test_a_dry_run_that_changes_nothing_has_an_empty_record(served, conninfo):
    with served(LIVE) as hub:
        answer = hub.ask("GET", "/api/v1/cards/names?dry_run=true")
    assert dry_runs(conninfo, answer)["counts"] == {}


def test_a_live_request_leaves_no_notes(served, conninfo):
    with served(LIVE) as hub:
        hub.ask("POST", "/api/v1/cards/many")
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select from klods.captured").rowcount == 0
        assert connection.execute("select from klods.dry_run").rowcount == 0


def test_the_answer_comes_when_what_would_change_cannot_be_kept(served, conninfo):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("alter table klods.dry_run rename to dry_run_elsewhere")
    with served(DRY) as hub:
        answer = hub.ask("POST", "/api/v1/cards/add")
    assert (answer.status, answer.headers["x-klods-changes"]) == (201, "cards_card=+1~0-0")
    assert "x-klods-dry-run-id" not in answer.headers
