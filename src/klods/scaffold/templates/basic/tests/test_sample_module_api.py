"""The API, from outside."""

from typing import Any

import pytest
from klods import execute_query
from starlette.testclient import TestClient

ITEMS = "/api/v1/sample-module/items"


def test_the_module_is_healthy(client: TestClient) -> None:
    answer = client.get("/api/v1/sample-module/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


def test_an_item_can_be_read_after_it_was_created(client: TestClient, item: dict[str, Any]) -> None:
    answer = client.get(f"{ITEMS}/{item['id']}")
    assert (answer.status_code, answer.json()) == (200, item)
    assert item["name"] == "First"


def test_the_list_is_sorted_by_name_and_comes_in_pages(client: TestClient) -> None:
    for name in ("Cherry", "apple", "Banana"):
        client.post(ITEMS, json={"name": name})
    answer = client.get(ITEMS, params={"page": 2, "per_page": 2}).json()
    assert [item["name"] for item in answer["items"]] == ["Cherry"]
    assert answer["total"] == 3


def test_a_search_finds_parts_of_names_and_takes_every_character_as_it_is(client: TestClient) -> None:
    for name in ("100% Æble", "100 pears"):
        client.post(ITEMS, json={"name": name})
    answer = client.get(ITEMS, params={"search": "0% æ"}).json()
    assert [item["name"] for item in answer["items"]] == ["100% Æble"]


def test_an_update_replaces_what_an_item_says(client: TestClient, item: dict[str, Any]) -> None:
    answer = client.put(f"{ITEMS}/{item['id']}", json={"name": "Second"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["notes"]) == ("Second", "")


def test_a_deleted_item_is_gone(client: TestClient, item: dict[str, Any]) -> None:
    assert client.delete(f"{ITEMS}/{item['id']}").status_code == 204
    assert client.get(f"{ITEMS}/{item['id']}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_item_that_does_not_exist_is_not_found(client: TestClient, method: str) -> None:
    body = {"name": "Nobody"} if method == "PUT" else None
    assert client.request(method, f"{ITEMS}/999999", json=body).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{}, {"name": ""}, {"name": "   "}, {"name": "x" * 201}, {"name": "a\x00b"}, {"name": "x", "notes": "x" * 10_001}],
)
def test_an_item_that_is_not_valid_is_refused(client: TestClient, wrong: dict[str, str]) -> None:
    assert client.post(ITEMS, json=wrong).status_code == 422
    assert client.get(ITEMS).json()["total"] == 0


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=1000", "search=%00"])
def test_a_list_refuses_what_it_cannot_show(client: TestClient, query: str) -> None:
    assert client.get(f"{ITEMS}?{query}").status_code == 422


@pytest.mark.parametrize("item_id", ["0", "-1", "x", "99999999999999999999"])
def test_an_id_that_cannot_be_one_is_refused(client: TestClient, item_id: str) -> None:
    assert client.get(f"{ITEMS}/{item_id}").status_code == 422


def test_strangers_see_nothing(anonymous: TestClient) -> None:
    assert anonymous.get(ITEMS).status_code == 401


def test_queries_work_in_tests_too() -> None:
    assert execute_query("SELECT count(*) AS items FROM sample_table_items")[0]["items"] == 0
