"""The API for administrators."""

from typing import Any

from starlette.testclient import TestClient

ADMIN = "/api/admin/sample-module"


def test_an_archived_item_leaves_the_list_and_can_come_back(client: TestClient, item: dict[str, Any]) -> None:
    def listed() -> int:
        total: int = client.get("/api/v1/sample-module/items").json()["total"]
        return total

    client.post(f"{ADMIN}/items/{item['id']}/archive")
    assert listed() == 0
    client.post(f"{ADMIN}/items/{item['id']}/restore")
    assert listed() == 1


def test_the_statistics_count_archived_items_apart(client: TestClient, item: dict[str, Any]) -> None:
    client.post("/api/v1/sample-module/items", json={"name": "Second"})
    client.post(f"{ADMIN}/items/{item['id']}/archive")
    assert client.get(f"{ADMIN}/statistics").json() == {"active": 1, "archived": 1}


def test_an_item_that_does_not_exist_cannot_be_archived(client: TestClient) -> None:
    assert client.post(f"{ADMIN}/items/999999/archive").status_code == 404


def test_strangers_get_no_statistics(anonymous: TestClient) -> None:
    assert anonymous.get(f"{ADMIN}/statistics").status_code == 401
