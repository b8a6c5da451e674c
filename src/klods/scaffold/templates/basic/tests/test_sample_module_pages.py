"""The pages, as a browser without JavaScript uses them."""

from typing import Any

from starlette.testclient import TestClient

PAGE = "/sample-module"


def test_the_list_shows_items_and_finds_them(client: TestClient, item: dict[str, Any]) -> None:
    assert item["name"] in client.get(PAGE).text
    assert item["name"] in client.get(PAGE, params={"words": "fir"}).text
    assert item["name"] not in client.get(PAGE, params={"words": "second"}).text


def test_a_form_creates_an_item_and_leads_back_to_the_list(client: TestClient) -> None:
    answer = client.post(f"{PAGE}/new", data={"name": "From a form", "notes": ""}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "From a form" in client.get(PAGE).text


def test_a_form_changes_an_item(client: TestClient, item: dict[str, Any]) -> None:
    form = client.get(f"{PAGE}/{item['id']}").text
    assert 'value="First"' in form
    client.post(f"{PAGE}/{item['id']}", data={"name": "Changed"})
    assert "Changed" in client.get(PAGE).text


def test_the_list_can_be_had_as_a_file(client: TestClient, item: dict[str, Any]) -> None:
    answer = client.get(PAGE, params={"export": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert item["name"] in answer.text


def test_a_form_deletes_an_item_after_it_said_so(client: TestClient, item: dict[str, Any]) -> None:
    assert item["name"] in client.get(f"{PAGE}/{item['id']}/delete").text
    client.post(f"{PAGE}/{item['id']}/delete")
    assert client.get(f"{PAGE}/{item['id']}").status_code == 404


def test_a_form_that_is_not_valid_comes_back_with_what_was_written(client: TestClient) -> None:
    answer = client.post(f"{PAGE}/new", data={"name": " ", "notes": "keep me"})
    assert answer.status_code == 422
    assert "keep me" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_what_people_write_is_shown_as_text(client: TestClient) -> None:
    client.post(f"{PAGE}/new", data={"name": "<b>bold</b>"})
    assert "&lt;b&gt;bold&lt;/b&gt;" in client.get(PAGE).text


def test_an_item_that_does_not_exist_has_no_page(client: TestClient) -> None:
    assert client.get(f"{PAGE}/999999").status_code == 404
    assert client.post(f"{PAGE}/999999", data={"name": "x"}).status_code == 404
    assert client.post(f"{PAGE}/999999/delete").status_code == 404


def test_the_page_speaks_the_language_of_the_reader(client: TestClient) -> None:
    assert "Søg" in client.get(PAGE, headers={"accept-language": "da"}).text
    assert "Найти" in client.get(PAGE, headers={"accept-language": "ru"}).text
