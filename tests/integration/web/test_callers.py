"""What routes of modules ask of their callers: kind, permissions and features; in threads, natively and in sockets."""

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from support import engine
from support.engine import serving, write_module

from klods.kernel.features import Features, OpenFeatures, Tier
from klods.kernel.platforms import DEFAULT, Platform, Platforms
from klods.kernel.subject import Subject

API = """
    from typing import Annotated

    from fastapi import APIRouter, Depends, WebSocket
    from klods import Subject, get_current_admin_user, get_current_user, get_current_vendor_user, requires, requires_feature

    router = APIRouter()

    @router.get("/read")
    async def read(user: Annotated[Subject, Depends(requires("shop.read"))]) -> str:
        return user.login

    @router.post("/sell", dependencies=[Depends(requires("shop.read", "shop.sell")), Depends(get_current_admin_user)])
    def sell(body: dict) -> str:
        return "sold"

    @router.get("/reports", dependencies=[Depends(requires_feature("reports"))])
    def reports() -> str:
        return "reports"

    @router.websocket("/live")
    async def live(socket: WebSocket, user: Annotated[Subject, Depends(requires("shop.read"))]):
        await socket.accept()
        await socket.send_text(user.login)
"""
VENDOR = """
    from fastapi import APIRouter, Depends
    from klods import get_current_vendor_user

    vendor_router = APIRouter()

    @vendor_router.get("/mine")
    async def mine(user=Depends(get_current_vendor_user)) -> str:
        return user.login
"""
READER = Subject(7, "reader", permissions=frozenset({"shop.read"}))
SELLER = Subject(8, "seller", permissions=frozenset({"shop.*"}))
REPORTS = Tier("gold", "Gold", frozenset({"reports"}))


@pytest.fixture(params=["threads", "native"])
def hub(request, tmp_path, monkeypatch):
    people = {**engine.PEOPLE, b"reader": READER, b"seller": SELLER}
    monkeypatch.setattr(engine, "PEOPLE", people)
    with serving() as hub:
        files = {"backend/router.py": API, "routes/vendor.py": VENDOR}
        fields = {"features": ("reports",), "native_async": request.param == "native"}
        hub.add(write_module(tmp_path, "shop", files, **fields))
        yield hub


def test_a_permission_lets_in_who_has_it_and_names_itself_to_others(hub):
    assert hub.ask("GET", "/api/v1/shop/read", user="reader").json == "reader"
    refused = hub.ask("GET", "/api/v1/shop/read", user="admin")
    assert (refused.status, refused.error, refused.json["data"]) == (
        403,
        "permission_missing",
        {"permission": "shop.read"},
    )
    assert hub.ask("GET", "/api/v1/shop/read", user="nobody").status == 401


def test_who_lacks_a_permission_hears_nothing_about_the_body(hub):
    headers = {"content-type": "application/json"}
    for user, status in (("reader", 403), ("seller", 422)):
        assert hub.ask("POST", "/api/v1/shop/sell", user=user, headers=headers, body=b"[]").status == status
    assert hub.ask("POST", "/api/v1/shop/sell", user="seller", headers=headers, body=b"{}").json == "sold"


def test_a_socket_asks_too(hub):
    with TestClient(hub.app, headers={"x-user": "reader"}).websocket_connect("/api/v1/shop/live") as socket:
        assert socket.receive_text() == "reader"
    with (
        pytest.raises((WebSocketDenialResponse, WebSocketDisconnect)),
        TestClient(hub.app, headers={"x-user": "admin"}).websocket_connect("/api/v1/shop/live"),
    ):
        pytest.fail("it was let in")


def test_a_vendor_is_given_to_vendor_routes(hub):
    assert hub.ask("GET", "/api/vendor/shop/mine", user="vendor").json == "vendor"
    assert hub.ask("GET", "/api/vendor/shop/mine", user="admin").status == 403


def test_a_feature_is_open_unless_the_tier_lacks_it_and_then_the_tiers_that_have_it_are_named(hub):
    assert hub.ask("GET", "/api/v1/shop/reports", user="admin").json == "reports"
    poor = Platform(DEFAULT.id, "default", "Default", features=Features(frozenset()))
    refused = hub.ask("GET", "/api/v1/shop/reports", user="admin", platforms=Platforms((poor,), (REPORTS,)))
    assert (refused.status, refused.error) == (403, "feature_missing")
    assert refused.json["data"] == {"feature": "reports", "tiers": "Gold"}


def test_a_vendor_never_has_more_than_its_platform():
    with_reports, without = Features(frozenset({"reports"})), Features(frozenset())
    assert OpenFeatures(with_reports, with_reports).has("reports")
    assert not OpenFeatures(without, with_reports).has("reports")
    assert not OpenFeatures(with_reports, without).has("reports")
