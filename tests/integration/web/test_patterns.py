"""The pattern page through the whole host: who may see it, what it takes, and every kind of bad input."""

import pytest
from starlette.testclient import TestClient
from support.hub import open_hub

from klods.web.auth.first_start import make_login_link

PAGE = {"accept": "text/html", "sec-fetch-site": "same-origin"}
PATTERNS = "/admin/patterns"


@pytest.fixture(scope="module")
def hub(postgres_server, host_template):
    from klods.testing.databases import copied

    with copied(postgres_server, host_template) as conninfo, open_hub(conninfo) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(hub):
    signed_in = TestClient(hub.app, headers=PAGE)
    signed_in.post(make_login_link(hub.people, hub.admin(password=None)))
    return signed_in


def test_a_list_sorts_filters_and_pages_by_its_address(browser):
    page = browser.get(f"{PATTERNS}?orders_sort=number&orders_page=2&orders_stage=sent&orders_words=havn").text
    assert 'aria-sort="ascending"' in page
    assert "Returned</span>" not in page.split("<tbody>")[1].split("</tbody>")[0]
    assert "orders_page=3" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("orders_sort=password", "one of number, customer"),
        ("orders_page=zero", "a number from 1"),
        ("orders_stage=lost", "new, packed, sent, returned"),
        ("orders_total_from=cheap", "a number like 12.5"),
        ("orders_ordered_to=tomorrow", "a day like 2026-05-31"),
        ("orders_words=%00", "at most 200 characters"),
        ("orders_export=pdf", "csv, xlsx"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_what_can(browser, query, said):
    answer = browser.get(f"{PATTERNS}?{query}")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Go back to the list" in answer.text


def test_every_pattern_stands_beside_its_source(browser):
    page = browser.get(PATTERNS).text
    for source in (
        "ORDERS = Table(",
        "{{ ui.table(items",
        "class OrderIn(BaseModel)",
        "def take_file(",
        "{{ ui.upload(",
    ):
        assert source in page.replace("&#34;", '"')


def test_the_whole_list_can_be_had_as_a_file_in_the_readers_words(browser):
    answer = browser.get(f"{PATTERNS}?orders_export=csv&orders_paid=no", headers={"accept-language": "da"})
    assert answer.headers["content-disposition"] == "attachment; filename=\"orders.csv\"; filename*=UTF-8''orders.csv"
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Nummer,Kunde,Trin,I alt,Bestilt,Betalt"
    assert len(lines) == 3334
    book = browser.get(f"{PATTERNS}?orders_export=xlsx&orders_words=A-00001")
    assert book.content[:2] == b"PK"
    assert int(book.headers["content-length"]) == len(book.content)


def test_a_form_comes_back_with_what_is_wrong_and_with_what_was_typed_but_never_with_a_secret(browser):
    sent = {"customer": "<b>A", "total": "-5", "boxes": "many", "stage": "lost", "key": "s3cret", "note": "keep me"}
    page = browser.post(f"{PATTERNS}/form", data=sent)
    assert page.status_code == 422
    assert "s3cret" not in page.text
    assert 'value="&lt;b&gt;A"' in page.text
    assert all(
        said in page.text for said in ("At least 0.", "This is not a number.", "Choose one of the list.", "keep me")
    )


def test_a_good_form_leads_on_with_a_message(browser):
    after = browser.post(f"{PATTERNS}/form", data={"customer": "Fjord", "total": "5", "stage": "new"})
    assert "The order of Fjord could be placed." in after.text


def test_what_was_picked_arrives(browser):
    assert "Packed: 2" in browser.post(f"{PATTERNS}/pack", data={"selected": ["3", "7"]}).text
    assert browser.post(f"{PATTERNS}/pack", data={"selected": ["x"]}).status_code == 422


def test_progress_is_a_page_for_people_and_events_for_scripts(browser):
    page = browser.get(f"{PATTERNS}/progress?began=1")
    assert 'value="100"' in page.text
    told = browser.get(f"{PATTERNS}/progress?began=1", headers={"accept": "text/event-stream"})
    assert told.headers["content-type"].startswith("text/event-stream")
    assert '"state": "done"' in told.text
    assert '"count": "240 of 240"' in told.text


def test_the_patterns_are_for_administrators(hub):
    stranger = TestClient(hub.app, headers=PAGE, follow_redirects=False)
    assert stranger.get(PATTERNS).headers["location"].startswith("/auth/login")


def test_a_file_is_taken_by_its_contents_and_offered_under_its_name(browser):
    good = {"file": ("../../bill.pdf", b"%PDF-1.7")}
    assert "bill.pdf could be kept (8 B)." in browser.post(f"{PATTERNS}/file", files=good).text
    assert browser.post(f"{PATTERNS}/file", files={"file": ("bill.pdf", b"MZ")}).status_code == 422
    assert browser.post(f"{PATTERNS}/file", files={"file": ("bill.txt", b"a" * 200_001)}).status_code == 422
    assert "f%C3%B8lgeseddel%207.txt" in browser.get(f"{PATTERNS}/file").headers["content-disposition"]


def test_a_piece_for_another_page_is_only_that_and_says_why_it_fails(browser):
    piece = browser.get(f"{PATTERNS}/panel", headers={"x-klods-fragment": "true"})
    assert "10,000 rows" in piece.text
    assert "<html" not in piece.text
    assert "There is no module named balance." in browser.get(f"{PATTERNS}/panel?broken=true").text
