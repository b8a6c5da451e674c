"""The log of modules and the way back, with two processes that serve."""

import pytest
from support.browser import axe_violations
from support.hub import PASSWORD
from support.served import Hub


@pytest.mark.browser
@pytest.mark.long
def test_what_was_switched_is_told_and_taken_back_in_every_process(tmp_path, host_database, open_page):
    hub = Hub(tmp_path, host_database)
    hub.extra["KLODS_ADMIN_PASSWORD"] = PASSWORD
    for code in ("stock", "shop"):
        hub.klods("module", "create", code, "A sample")
    manifest = hub.modules / "shop" / "module.json"
    manifest.write_text(manifest.read_text().replace('"requires": []', '"requires": ["stock"]'))
    with hub.served("--workers", "2"):
        assert hub.post("/api/v1/modules/shop/enable", {"why": "the spring fair"})[0] == 200
        (entry,) = hub.get("/api/v1/log")[1]
        assert [it["code"] for it in entry["changes"]] == ["stock", "shop"]
        assert (entry["why"], len(entry["acknowledgement"]["followed"]), entry["acknowledgement"]["late"]) == (
            "the spring fair", 2, [],
        )  # fmt: skip
        told = hub.run("module", "log", "shop").stdout
        assert "enable shop: done" in told
        assert "the spring fair" in told
        assert max(map(len, told.splitlines())) <= 80
        hub.klods("module", "undo", "--yes", "--why", "a mistake")
        assert {hub.get("/api/v1/modules/stock")[1]["enabled"] for _ in range(6)} == {False}
        assert hub.get("/api/v1/shop/items")[0] == 404
        undo = hub.get("/api/v1/log")[1][0]
        assert (undo["action"], undo["undoes"], undo["why"]) == ("undo", entry["id"], "a mistake")
        _take_back_on_the_page(hub, open_page(hub.address))
        assert {hub.get("/api/v1/modules/shop")[1]["enabled"] for _ in range(6)} == {True}


def _take_back_on_the_page(hub: Hub, page) -> None:
    page.goto("/auth/login?next=/admin/modules/shop/log")
    page.fill("#login", "admin")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.click("details summary >> nth=-1")
    assert axe_violations(page) == []
    page.click('a[href$="/undo?entry=3"]')
    assert "Enable stock" in page.text_content("main")
    assert axe_violations(page) == []
    page.click("form button.btn-primary")
    page.wait_for_url("**/admin/modules")
