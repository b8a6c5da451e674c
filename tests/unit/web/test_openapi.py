"""One document for one caller, made of the modules that are on."""

import json
from copy import deepcopy

import pytest
from support.engine import PEOPLE, serving, write_module

from klods.web.engine.openapi import Documents

ADMIN, VENDOR = PEOPLE[b"admin"], PEOPLE[b"vendor"]

ROUTER = """
    from fastapi import APIRouter, Security
    from fastapi.security import HTTPBearer
    from pydantic import BaseModel

    from klods.web.engine.marks import public

    router = APIRouter()

    class Part(BaseModel):
        title: str
        parts: list["Part"]

    class Card(BaseModel):
        part: Part

    @router.post("/cards")
    def make(card: Card) -> Card:
        return card

    @router.get("/open")
    @public()
    def look() -> int:
        return 1

    @router.get("/secret")
    def secret(given=Security(HTTPBearer())) -> int:
        return 1
"""

VENDORS = """
    from fastapi import APIRouter
    from pydantic import BaseModel

    vendor_router = APIRouter()

    class Offer(BaseModel):
        price: int

    @vendor_router.get("/offers")
    def offers() -> list[Offer]:
        return []
"""

BROKEN = """
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/x", responses={404: {"content": {"application/json": None}, "headers": object()}})
    def bad() -> int:
        return 1
"""

HOST = {"openapi": "3.1.0", "info": {"title": "Hub", "version": "1"}, "paths": {"/api/v1/modules": {"get": {}}}}


@pytest.fixture
def hub(tmp_path):
    with serving() as hub:
        for code in ("crm", "dev-tools"):
            hub.add(write_module(tmp_path, code, {"backend/router.py": ROUTER, "routes/vendor.py": VENDORS}))
        yield hub


def merged(hub, subject=ADMIN):
    return Documents(hub.switchboard).merge(deepcopy(HOST), subject)


def references(document):
    text = json.dumps(document)
    return {part.split('"')[0] for part in text.split('"#/components/')[1:]}


def test_components_carry_the_code_and_every_reference_leads_somewhere(hub):
    document = merged(hub)
    named = {name.removesuffix("-Input").removesuffix("-Output") for name in document["components"]["schemas"]}
    assert {"crm.Card", "crm.Part", "dev-tools.Card", "dev-tools.Part"} <= named
    assert all(name.startswith(("crm.", "dev-tools.")) for name in named)
    for reference in references(document):
        kind, name = reference.split("/")
        assert name in document["components"][kind]


def test_a_recursive_model_points_to_itself_under_its_new_name(hub):
    schemas = merged(hub)["components"]["schemas"]
    name = next(name for name in schemas if name.startswith("crm.Part"))
    assert schemas[name]["properties"]["parts"]["items"] == {"$ref": f"#/components/schemas/{name}"}


def test_operation_ids_are_unique_over_all_modules(hub):
    ids = [op["operationId"] for ops in merged(hub)["paths"].values() for op in ops.values() if op]
    assert len(ids) == len(set(ids)) == 8


def test_security_schemes_are_renamed_where_they_are_used(hub):
    document = merged(hub)
    assert document["paths"]["/api/v1/crm/secret"]["get"]["security"] == [{"crm.HTTPBearer": []}]
    assert "crm.HTTPBearer" in document["components"]["securitySchemes"]


def test_a_caller_sees_what_it_may_call_and_the_models_of_nothing_else(hub):
    document = merged(hub, VENDOR)
    assert {path for path in document["paths"] if "crm" in path} == {"/api/vendor/crm/offers", "/api/v1/crm/open"}
    assert set(document["components"]["schemas"]) == {"crm.Offer", "dev-tools.Offer"}
    assert "/api/vendor/crm/offers" not in merged(hub)["paths"]


def test_every_module_has_its_health_in_the_document(hub):
    assert "get" in merged(hub)["paths"]["/api/v1/dev-tools/health"]


def test_the_document_follows_the_toggles_and_leaves_the_hosts_own_alone(hub):
    documents = Documents(hub.switchboard)
    assert any("crm" in path for path in documents.merge(HOST, ADMIN)["paths"])
    hub.switch("dev-tools")
    after = documents.merge(HOST, ADMIN)
    assert not any("crm" in path for path in after["paths"])
    assert "/api/v1/modules" in after["paths"]
    assert list(HOST["paths"]) == ["/api/v1/modules"]


def test_a_module_that_cannot_be_described_is_left_out_and_named(hub, tmp_path, caplog):
    hub.add(write_module(tmp_path, "odd", {"backend/router.py": BROKEN}))
    document = merged(hub)
    assert list(document["x-klods-problems"]) == ["odd"]
    assert "/api/v1/crm/cards" in document["paths"]


def test_schemas_that_never_end_cost_one_module_its_description(hub, tmp_path, caplog):
    endless = ROUTER.replace(
        "        title: str",
        """        title: str

        @classmethod
        def __get_pydantic_json_schema__(cls, schema, handler):
            import time
            time.sleep(2)
            return handler(schema)
""",
    )
    documents = Documents(hub.switchboard)
    documents.merge(HOST, ADMIN)
    documents._seconds = 0.1
    hub.add(write_module(tmp_path, "slow", {"backend/router.py": endless}))
    document = documents.merge(HOST, ADMIN)
    assert list(document["x-klods-problems"]) == ["slow"]
    assert "/api/v1/crm/cards" in document["paths"]


def test_a_refusal_is_described_as_it_is_sent(hub):
    schema = merged(hub)["components"]["schemas"]["crm.HTTPValidationError"]
    wrong = hub.ask("POST", "/api/v1/crm/cards", headers={"content-type": "application/json"}, body=b"{}").json
    assert set(schema["required"]) == set(schema["properties"]) == set(wrong)


def test_pages_are_not_described(hub, tmp_path):
    page = ROUTER.replace("/cards", "/list")
    hub.add(write_module(tmp_path, "shop", {"frontend/views.py": page}))
    assert not any(path.startswith("/shop") for path in merged(hub)["paths"])
