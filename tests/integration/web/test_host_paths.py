"""Whatever stands in the address of a page, and whatever is sent to it, is answered and never a 5xx."""

import re

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient
from support.hub import PASSWORD, broken, open_hub, paper_module

from klods.kernel.state import Active
from klods.web.errors import Errors
from klods.web.host import create_host_app

STRANGE = ("a%00b", "%EF%BF%BF" * 99, "9" * 30)
SENT = {
    "name": "a\0b",
    "code": "a\0b",
    "login": "a\0b",
    "domain": "a\0b",
    "feature": "a\0b",
    "words": "\0",
    "label": "\0",
}


@pytest.fixture
def browser(host_database, tmp_path):
    modules = [paper_module("customers", tmp_path, is_core=True), paper_module("invoices", tmp_path)]
    with open_hub(host_database, modules, [broken("prices", tmp_path)]) as hub:
        hub.lifecycle.put("customers", Active.ENABLED)
        hub.follow()
        hub.admin()
        client = TestClient(
            hub.app,
            headers={"sec-fetch-site": "same-origin", "accept": "text/html"},
            follow_redirects=False,
            raise_server_exceptions=False,
        )
        client.post("/auth/login", data={"login": "admin", "password": PASSWORD})
        client.hub = hub
        yield client


def pages(browser):
    """Method and path of every page; the API is bombarded elsewhere."""
    for route in iter_route_contexts(create_host_app(browser.hub.services, Errors()).routes):
        if not route.path_format.startswith("/api/v1") and "logout" not in route.path_format:
            for method in sorted({*(route.methods or ())} & {"GET", "POST"}):
                yield method, route.path_format


def test_no_address_and_no_form_breaks_a_page(browser):
    wrong = []
    for method, path in pages(browser):
        for address in {re.sub(r"{[^}]+}", strange, path) for strange in STRANGE}:
            answer = browser.request(method, address, data=SENT if method == "POST" else None)
            if answer.status_code >= 500:
                wrong.append((method, address, answer.status_code))
    assert wrong == []
