"""A dry run through three modules over real HTTP: the answer of the live run, and not a trace in any table."""

import json
import urllib.error
import urllib.request
from textwrap import dedent

import psycopg
import pytest
from psycopg import sql
from support.served import Hub

LEDGER = {
    "migrations/001_init.sql": """
        create table ledger_account(code text primary key, balance int not null default 0 check (balance <= 100));
        create table ledger_entry(
            id int generated always as identity primary key,
            account text references ledger_account deferrable initially deferred, amount int not null
        );
        insert into ledger_account(code) values ('sales'), ('stock');
    """,
    "api.py": """
        from klods import api, execute_query, get_db
        from sqlalchemy import text

        @api
        def book(account: str, amount: int) -> int:
            db = get_db()
            values = {"account": account, "amount": amount}
            db.execute(text("insert into ledger_entry(account, amount) values (:account, :amount)"), values)
            db.execute(text("update ledger_account set balance = balance + :amount where code = :account"), values)
            db.commit()
            return execute_query("select coalesce(sum(amount), 0)::int as total from ledger_entry")[0]["total"]
    """,
}
STOCK = {
    "migrations/001_init.sql": """
        create table stock_item(name text primary key, left_over int not null check (left_over >= 0));
        create table stock_move(id int generated always as identity primary key, name text, amount int);
        insert into stock_item values ('chair', 10), ('table', 1);
    """,
    "api.py": """
        from klods import api, execute_insert, execute_query, execute_update
        from klods.modules.ledger.api import book

        @api
        def take(name: str, amount: int) -> int:
            execute_insert("insert into stock_move(name, amount) values (%s, %s)", [name, -amount])
            execute_update("update stock_item set left_over = left_over - %s where name = %s", [amount, name])
            book("stock", -amount)
            return execute_query("select left_over from stock_item where name = %s", [name])[0]["left_over"]

        @api
        def clear(name: str) -> int:
            return execute_update("delete from stock_item where name = %s", [name])
    """,
}
ORDERS = {
    "migrations/001_init.sql": """
        create table orders_order(
            id int generated always as identity primary key, name text not null unique, amount int not null
        );
    """,
    "backend/router.py": """
        from fastapi import APIRouter, HTTPException
        from klods import KlodsError, execute_insert, execute_query, savepoint
        from klods.modules.ledger.api import book
        from klods.modules.stock.api import clear, take

        router = APIRouter()

        def order(name: str, amount: int) -> None:
            execute_insert("insert into orders_order(name, amount) values (%s, %s)", [name, amount])

        @router.post("/buy/{name}/{amount}", status_code=201)
        def buy(name: str, amount: int) -> dict:
            order(name, amount)
            left = take(name, amount)
            total = book("sales", amount * 5)
            names = [row["name"] for row in execute_query("select name from orders_order order by id")]
            return {"left": left, "total": total, "orders": names}

        @router.post("/tried", status_code=201)
        def tried() -> dict:
            order("desk", 1)
            left = None
            try:
                with savepoint():
                    left = take("chair", 1000)
            except Exception:
                left = take("chair", 1)
            return {"left": left}

        @router.post("/refused")
        def refused() -> None:
            take("chair", 1)
            raise HTTPException(422, "not today")

        @router.post("/twice")
        def twice() -> None:
            take("chair", 1)
            order("twin", 1)
            order("twin", 2)

        @router.post("/dangling")
        def dangling() -> dict:
            order("dangling", 1)
            return {"total": book("nowhere", 1)}

        @router.post("/clear")
        def cleared() -> dict:
            order("the last table", 1)
            return {"cleared": clear("table"), "total": book("sales", 1)}
    """,
}
MODULES = {"ledger": (LEDGER, []), "stock": (STOCK, ["ledger"]), "orders": (ORDERS, ["stock", "ledger"])}
FLEETING = ("dry_run", "user_session", "api_token", "module_log", "captured", "process")
"""What the docs say a request may leave behind: its record, when a sign-in was used; what processes write of themselves."""

FRESH = """
    delete from orders_order; delete from stock_move; delete from stock_item; delete from ledger_entry;
    update ledger_account set balance = 0; insert into stock_item values ('chair', 10), ('table', 1)"""

CALLS = ["/buy/chair/2", "/tried", "/refused", "/twice", "/dangling", "/buy/table/2", "/buy/chair/99", "/clear"]
STATUSES = [201, 201, 422, 500, 500, 500, 500, 200]


@pytest.fixture(scope="module")
def host_database(postgres_server, host_template):
    from klods.testing.databases import copied

    with copied(postgres_server, host_template) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def hub(tmp_path_factory, host_database):
    it = Hub(tmp_path_factory.mktemp("hub"), host_database)
    for code, (files, requires) in MODULES.items():
        about = {"code": code, "name": code.title(), "version": "1.0.0", "requires": requires}
        for name, text in {**files, "module.json": json.dumps(about)}.items():
            file = it.modules / code / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text))
        it.klods("module", "enable", code, "--live")
    with it.served("--workers", "2"):
        yield it


@pytest.fixture(autouse=True)
def fresh(hub, host_database):
    """The rows as they are in the beginning, and all modules live."""
    with psycopg.connect(host_database) as connection:
        connection.execute(FRESH)
    for code in MODULES:
        turn(hub, code, "live")


def turn(hub, code, to):
    status, outcome = hub.post(f"/api/v1/modules/{code}/{to}")
    assert (status, outcome["late"]) == (200, [])


def call(hub, path):
    """Status, body without what is different each time, and headers."""
    request = urllib.request.Request(
        f"{hub.address}/api/v1/orders{path}", b"{}", {"Authorization": f"Bearer {hub.token}"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            body = json.loads(error.read())
            body.pop("request_id", None)
            body.get("data", {}).pop("incident", None)
            return error.status, body, error.headers


def seen(conninfo):
    """A sum over all rows of each table, with the transactions that wrote them, and how far each sequence is."""
    kinds = "select c.oid::regclass::text, relname, relkind from pg_class c where relkind in ('r', 'S')"
    with psycopg.connect(conninfo) as connection:
        places = connection.execute(f"{kinds} and relnamespace in ('public'::regnamespace, 'klods'::regnamespace)")
        found = {}
        for spelled, name, kind in places.fetchall():
            if name in FLEETING:
                continue
            sums = "md5(coalesce(string_agg(concat(x.xmin, x), ',' order by x::text), ''))"
            what = "last_value::text || is_called" if kind == "S" else sums
            query = sql.SQL(f"select {what} from {spelled} x")
            found[spelled] = connection.execute(query).fetchone()[0]
        return found


def counted(header):
    """The tables in which rows would be inserted, by the header that says so."""
    parts = [part.split("=+") for part in header.split(", ")] if header else []
    return {table for table, counts in parts if not counts.startswith("0~")}


@pytest.mark.parametrize("way", ["asked", "held"])
def test_a_dry_run_through_three_modules_answers_as_the_live_one_and_leaves_no_trace(hub, host_database, way):
    statuses = []
    for path in CALLS:
        if way == "held":
            turn(hub, "orders", "hold")
        before = seen(host_database)
        status, body, headers = call(hub, f"{path}?dry_run=true" if way == "asked" else path)
        after = seen(host_database)
        assert headers["x-klods-dry-run"] == "true"
        moved = {name for name in before if before[name] != after[name]}
        assert moved <= {"orders_order_id_seq", "stock_move_id_seq", "ledger_entry_id_seq"}, path
        if status < 400:
            assert moved <= {f"{table}_id_seq" for table in counted(headers["x-klods-changes"])}, path
        if way == "held":
            turn(hub, "orders", "live")
        live = call(hub, path)
        assert (status, body) == live[:2], path
        assert "x-klods-dry-run" not in live[2]
        statuses.append(status)
    assert statuses == STATUSES


def test_the_record_of_a_dry_run_holds_the_rows_of_all_three(hub):
    status, _, headers = call(hub, "/buy/chair/1?dry_run=true")
    assert (status, headers["x-klods-changes"]) == (
        201,
        "ledger_account=+0~2-0, ledger_entry=+2~0-0, orders_order=+1~0-0, stock_item=+0~1-0, stock_move=+1~0-0",
    )
    run = hub.get(f"/api/v1/dry-runs/{headers['x-klods-dry-run-id']}")[1]
    assert {row["table"] for row in run["rows"]} >= {"orders_order", "stock_item", "stock_move", "ledger_entry"}


def test_a_key_that_is_checked_at_the_end_fails_dry_as_it_does_live(hub):
    dry, live = call(hub, "/dangling?dry_run=true"), call(hub, "/dangling")
    assert dry[:2] == live[:2]
    assert (dry[0], dry[1]["error"]) == (500, "commit_failed")
    assert "ledger_entry_account_fkey" in dry[1]["message"]


def test_a_dry_module_that_a_live_one_calls_leaves_nothing_either(hub, host_database):
    turn(hub, "ledger", "hold")
    before = seen(host_database)
    assert call(hub, "/dangling")[0] == 200
    after = seen(host_database)
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {"orders_order", "orders_order_id_seq", "ledger_entry_id_seq"}
