"""Taking a module out and bringing its tables back, as people and programs do it."""

import shutil

import pytest
from support.browser import axe_violations
from support.hub import PASSWORD
from support.served import Hub

CODE = "notes"


@pytest.fixture
def hub(tmp_path, host_database):
    it = Hub(tmp_path, host_database)
    it.extra["KLODS_ADMIN_PASSWORD"] = PASSWORD
    it.klods("module", "create", CODE, "What to remember")
    it.klods("module", "enable", CODE, "--live", "--yes")
    return it


def path(action: str = "") -> str:
    return f"/api/v1/modules/{CODE}{action}"


def items(hub: Hub) -> list[str]:
    status, found = hub.get(f"/api/v1/{CODE}/items")
    assert status == 200, found
    return [item["name"] for item in found["items"]]


def add(hub: Hub, name: str) -> None:
    assert hub.post(f"/api/v1/{CODE}/items", {"name": name})[0] == 201


def test_tables_go_and_come_over_the_api_while_two_processes_serve(hub):
    with hub.served("--workers", "2"):
        add(hub, "kept")
        status, refused = hub.post(path("/uninstall"), {"data": "archive"})
        assert (status, refused["error"]) == (409, "still_enabled")
        hub.post(path("/disable"))
        plan = hub.post(path("/plan"), {"action": "archive"})[1]
        assert [(table["name"], table["rows"]) for table in plan["steps"][0]["tables"]] == [("notes_items", 1)]
        assert hub.post(path("/uninstall"), {"data": "archive", "token": plan["token"]})[0] == 200
        assert {hub.get(path())[1]["installed"] for _ in range(6)} == {"absent"}
        (archive,) = hub.get(path("/archives"))[1]
        assert (archive["counted"], archive["revision"]) == ([1, 1, 0], "notes_001")
        assert hub.post(path("/restore"))[0] == 200
        hub.post(path("/enable"), {"live": True})
        assert {tuple(items(hub)) for _ in range(6)} == {("kept",)}
        add(hub, "after")
        assert sorted(items(hub)) == ["after", "kept"]


def test_nothing_is_deleted_without_the_code_typed_out(hub):
    with hub.served():
        add(hub, "precious")
        hub.post(path("/disable"))
        for body in ({"data": "drop"}, {"data": "drop", "confirm": "Notes"}):
            status, refused = hub.post(path("/uninstall"), body)
            assert (status, refused["error"]) == (409, "not_confirmed")
        assert hub.run("module", "uninstall", CODE, "--drop", "--yes").returncode == 3
        hub.klods("module", "uninstall", CODE, "--archive")
        assert hub.ask("DELETE", path("/archives/1"))[0] == 409
        assert hub.ask("DELETE", path(f"/archives/1?confirm={CODE}"))[0] == 200
        assert hub.ask("DELETE", path(f"/archives/1?confirm={CODE}"))[0] == 404
        assert hub.post(path("/restore"))[0] == 404


def test_a_module_whose_folder_is_gone_comes_back_from_its_approved_copy(hub):
    with hub.served():
        add(hub, "kept")
        hub.post(path("/disable"))
        hub.klods("module", "uninstall", CODE, "--archive")
        shutil.rmtree(hub.modules / CODE)
        assert hub.get(path())[0] == 404
        assert len(hub.get(path("/archives"))[1]) == 1
        hub.klods("module", "restore", CODE)
        assert hub.post(path("/enable"), {"live": True})[0] == 200
        assert items(hub) == ["kept"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("scheme", "width", "locale"), [("light", 1440, "en-GB"), ("dark", 390, "da-DK"), ("light", 390, "ru-RU")]
)
def test_a_person_uninstalls_and_restores_under_modules(hub, open_page, scheme, width, locale):
    with hub.served():
        add(hub, "kept")
        hub.post(path("/disable"))
        page = open_page(hub.address, color_scheme=scheme, locale=locale, viewport={"width": width, "height": 900})
        page.goto("/auth/login?next=/admin/modules")
        page.fill("#login", "admin")
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.click(f"a[href='/admin/modules/{CODE}/uninstall']")
        page.click(f"a[href='/admin/modules/{CODE}/archive']")
        assert "notes_items" in page.text_content("main")
        assert axe_violations(page) == []
        page.click("form button.btn-primary")
        page.wait_for_url("**/admin/modules")
        assert axe_violations(page) == []
        page.click(f"a[href^='/admin/modules/{CODE}/discard']")
        page.fill("#confirm", "something else")
        page.click("form button.btn-danger")
        page.wait_for_selector("[role=alert]")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.goto("/admin/modules")
        page.click(f"a[href^='/admin/modules/{CODE}/restore']")
        page.click("form button.btn-primary")
        page.wait_for_url("**/admin/modules")
        assert hub.get(path())[1]["installed"] == "installed"
