"""One module on two platforms of a real hub: what each sees, and what a vendor of one tries to see of the other."""

import json
from textwrap import dedent

import pytest
from starlette.testclient import TestClient

from klods.bootstrap import build
from klods.db.people.accounts import Account
from klods.kernel.definition import FrontendType
from klods.kernel.plan import Action
from klods.settings import Settings
from klods.web.auth.first_start import make_login_link
from klods.web.auth.tokens import issue_token

MANIFEST = {
    "name": "Notes",
    "menu_items": {"admin": [{"id": "notes", "label": "Notes", "path": "/notes"}]},
    "default_config": {"greeting": "Hello"},
    "dry_run": False,
    "read_only": False,
}
TABLE = """
    create table notes_notes (
        id          integer generated always as identity primary key,
        platform_id bigint not null default klods.platform(),
        text        text not null
    );
"""
VENDOR = """
    from fastapi import APIRouter, Body
    from klods import execute_query, execute_update

    vendor_router = APIRouter()

    @vendor_router.post("/ask")
    def ask(sql: str = Body(embed=True)) -> list[dict]:
        return [dict(row) for row in execute_query(sql)]

    @vendor_router.post("/change")
    def change(sql: str = Body(embed=True)) -> int:
        return execute_update(sql)
"""
API = """
    from fastapi import APIRouter
    from klods import execute_insert, execute_query, get_module_config

    router = APIRouter()

    @router.get("/greeting")
    def greeting() -> str:
        return get_module_config("notes", "greeting")

    @router.post("/add/{text}")
    def write(text: str) -> list[str]:
        execute_insert("insert into notes_notes (text) values (%s)", (text,))
        return [row["text"] for row in execute_query("select text from notes_notes")]
"""
PAGE = """
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/notes")
    def page() -> str:
        return "a page"
"""
SHOP, HUB = "shop.example.com", "hub.example.com"


@pytest.fixture
def klods(host_database, tmp_path):
    folder = tmp_path / "modules" / "notes"
    files = {
        "module.json": json.dumps(MANIFEST),
        "migrations/001_init.sql": TABLE,
        "backend/router.py": API,
        "frontend/views.py": PAGE,
        "routes/vendor.py": VENDOR,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    settings = Settings(
        _env_file=None, home=tmp_path / "home", modules_dir=tmp_path / "modules", database_url=host_database
    )
    with build(settings) as hub:
        hub.platforms.add_domain(hub.platforms.read().find("default"), HUB, actor="test")
        hub.platforms.create("shop", "Shop", [SHOP], actor="test")
        hub.vendors.create("acme", "ACME", 2)
        yield hub


def token(klods, login, platform, kind=FrontendType.ADMIN):
    account = klods.people.accounts.find(login) or klods.people.accounts.create(
        Account(0, login, kind=kind, platform_id=platform if kind is FrontendType.VENDOR else None)
    )
    return issue_token(klods.people, f"{login}-{platform}", account.on(platform))


def enable(klods, platform):
    klods.lifecycle.apply(klods.lifecycle.plan(Action.ENABLE, "notes", platform), actor="test")


def test_each_platform_has_its_own_modules_pages_menus_and_rows(klods):
    enable(klods, 1)
    klods.people.accounts.first_admin()
    hub = {"authorization": f"Bearer {token(klods, 'admin', 1)}", "host": HUB}
    shop = {"authorization": f"Bearer {token(klods, 'admin', 2)}", "host": SHOP}
    vendor = {"authorization": f"Bearer {token(klods, 'vera', 2, FrontendType.VENDOR)}", "host": SHOP}
    app = klods.web_app()
    with TestClient(app) as client:
        assert app.wait_until_loaded(30)
        assert client.post("/api/v1/notes/add/ours", headers=hub).json() == ["ours"]
        page = {"accept": "text/html"}
        assert 'href="/notes"' in client.get("/", headers=hub | page).text
        for method, path in (
            ("POST", "/api/v1/notes/add/theirs"),
            ("GET", "/notes"),
            ("GET", "/api/v1/notes/health"),
        ):
            assert client.request(method, path, headers=shop).status_code == 404, path
        assert 'href="/notes"' not in client.get("/", headers=shop | page).text
        assert client.get("/notes", headers=hub | {"host": "elsewhere.example.com"}).status_code == 421
        assert client.get("/notes", headers=hub | {"host": SHOP}).status_code in (403, 404)

        enable(klods, 2)
        klods.processes.wait(klods.states.read().generation, 10)
        assert client.post("/api/v1/notes/add/theirs", headers=shop).json() == ["theirs"]
        for headers, word in ((hub, "Hej"), (shop, "Goddag")):
            changed = client.patch("/api/v1/modules/notes/config", json={"values": {"greeting": word}}, headers=headers)
            assert changed.status_code == 200, changed.text
        for headers, word in ((hub, "Hej"), (shop, "Goddag")):
            shown = client.get("/api/v1/modules/notes/config", headers=headers).json()["settings"]
            assert [it["value"] for it in shown if it["name"] == "greeting"] == [word]
            assert client.get("/api/v1/notes/greeting", headers=headers).json() == word
        attack(client, vendor)
        assert client.post("/api/v1/notes/add/more", headers=hub).json() == ["ours", "more"]
        assert client.get("/notes", headers=hub | page | {"host": SHOP}).status_code == 403
        client.post(make_login_link(klods.people, klods.people.accounts.first_admin()), headers={"host": HUB})
        asked = client.get("/notes", headers=page | {"host": SHOP}, follow_redirects=False)
        assert (asked.status_code, asked.headers["location"]) == (303, "/auth/login?next=/notes")


def attack(client, vendor):
    """What module code that a vendor of the shop has taken over gets to see and to change: rows of the shop."""

    def ask(sql):
        return client.post("/api/vendor/notes/ask", json={"sql": sql}, headers=vendor)

    for sql in (
        "select text from notes_notes",
        "select text from notes_notes where platform_id = 1 or true",
        "with w as (select set_config('klods.platform', '1', true)) select text from notes_notes, w",
        "select text from notes_notes where klods.platform() = 2",
    ):
        answer = ask(sql)
        assert answer.status_code >= 400 or [row["text"] for row in answer.json()] == ["theirs"], (sql, answer.text)
    for sql in ("set klods.platform = '1'", "set local role none", "select * from klods.user_account"):
        assert ask(sql).status_code >= 400, sql
    for sql in (
        "update notes_notes set text = 'stolen' where platform_id = 1",
        "delete from notes_notes where platform_id = 1",
    ):
        done = client.post("/api/vendor/notes/change", json={"sql": sql}, headers=vendor)
        assert (done.status_code, done.json()) == (200, 0), sql
    forged = "update notes_notes set platform_id = 1"
    assert client.post("/api/vendor/notes/change", json={"sql": forged}, headers=vendor).status_code >= 400
