"""Whatever stands in the address of a page, and whatever is sent to it, is answered and never with a 5xx."""

import re

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient
from support.hub import PASSWORD, broken, open_hub, paper_module

from klods.kernel.state import Active
from klods.web.errors import Errors
from klods.web.host import create_host_app

STRANGE = ("a%00b", "%EF%BF%BF" * 99, "9" * 30)
SENT = dict.fromkeys(("name", "code", "login", "named", "domain", "feature", "words", "label", "roles"), "a\0b")
PAGE = {"sec-fetch-site": "same-origin", "accept": "text/html"}


@pytest.fixture
def hub(host_database, tmp_path):
    modules = [paper_module("customers", tmp_path, is_core=True), paper_module("invoices", tmp_path)]
    with open_hub(host_database, modules, [broken("prices", tmp_path)]) as opened:
        opened.lifecycle.put("customers", Active.ENABLED)
        opened.follow()
        opened.admin()
        yield opened


@pytest.fixture
def browser(hub):
    client = TestClient(hub.app, headers=PAGE, follow_redirects=False, raise_server_exceptions=False)
    client.post("/auth/login", data={"login": "admin", "password": PASSWORD})
    return client


def addresses(hub):
    """Every page with strange names in its address; the API is bombarded elsewhere."""
    for route in iter_route_contexts(create_host_app(hub.services, Errors()).routes):
        if not route.path_format.startswith("/api/v1"):
            for method in sorted({*(route.methods or ())} & {"GET", "POST"}):
                for path in sorted({re.sub(r"{[^}]+}", strange, route.path_format) for strange in STRANGE}):
                    yield method, path


def test_no_address_and_no_form_breaks_a_page(hub, browser):
    asked = [(method, path) for method, path in addresses(hub) if path != "/auth/logout"]
    answers = {
        (method, path): browser.request(method, path, data=SENT if method == "POST" else None).status_code
        for method, path in asked
    }
    assert len(asked) > 100
    assert {place: status for place, status in answers.items() if status >= 500} == {}
    assert browser.get("/auth/account").status_code == 200
