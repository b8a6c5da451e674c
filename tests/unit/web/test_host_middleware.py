import asyncio

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from klods.web.errors import Errors
from klods.web.middleware import LARGEST_BODY, BoundedBody, guarded


def show(request):
    scope = request.scope
    return PlainTextResponse(f"{scope['klods.request_id']} {scope['klods.locale']} {scope['thing']}")


def own_policy(request):
    return PlainTextResponse("", headers={"content-security-policy": "default-src 'none'", "x-request-id": "forged"})


async def greet(socket):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


@pytest.fixture
def client():
    routes = [Route("/", show, methods=["GET", "POST"]), Route("/own", own_policy), WebSocketRoute("/socket", greet)]
    return TestClient(guarded(Starlette(routes=routes), Errors().response, {"thing": "pages"}))


def test_every_answer_carries_the_security_headers(client):
    headers = client.get("/nowhere").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_a_path_that_no_database_could_look_for_is_refused_at_the_door(client):
    for path in ("/%00", "/a%00b"):
        refused = client.get(path)
        assert (refused.status_code, "NUL" in refused.text) == (400, True)


def test_a_page_may_bring_a_policy_of_its_own(client):
    assert client.get("/own").headers.get_list("content-security-policy") == ["default-src 'none'"]


def test_a_well_formed_request_id_is_kept(client):
    answer = client.get("/", headers={"X-Request-ID": "from-proxy.0042"})
    assert answer.headers["x-request-id"] == "from-proxy.0042"
    assert answer.text.startswith("from-proxy.0042 ")


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space 1", "<script>alert</script>", "ünïcode-id-1"])
def test_any_other_request_id_is_replaced(client, given):
    made = client.get("/", headers={"X-Request-ID": given.encode()}).headers["x-request-id"]
    assert made != given
    assert len(made) == 16


def test_an_app_cannot_forge_the_request_id(client):
    assert client.get("/own").headers.get_list("x-request-id") != ["forged"]


def test_requests_find_what_was_given_and_their_locale(client):
    answer = client.get("/", headers={"Accept-Language": "da-DK,en;q=0.5"})
    assert answer.text.endswith(" da pages")


def test_a_chosen_language_comes_first(client):
    answer = client.get("/", headers={"Accept-Language": "da", "Cookie": "klods_locale=ru"})
    assert answer.text.endswith(" ru pages")


@pytest.mark.parametrize(
    "host", ["", "hub.test/evil", "a b", "hub.test:port", "user@hub.test", "hub.test,evil.test", '"']
)
def test_malformed_host_names_are_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["hub.test", "localhost:8000", "127.0.0.1:80", "[::1]:8000", "xn--bl-wia.dk"])
def test_host_names_as_they_are_meant_pass(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_another_site_is_refused_with_a_reason_and_all_headers(client):
    answer = client.post("/", headers={"Origin": "https://evil.test", "Cookie": "klods_session=abc"})
    assert (answer.status_code, answer.json()["error"]) == (403, "cross_site")
    assert answer.headers["x-frame-options"] == "DENY"


def test_a_socket_from_another_site_is_not_opened(client):
    headers = {"Origin": "https://evil.test", "Cookie": "klods_session=abc"}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket", headers=headers):
        pass


def test_a_socket_of_our_own_is_opened(client):
    headers = {"Origin": "http://testserver", "Cookie": "klods_session=abc"}
    with client.websocket_connect("/socket", headers=headers) as socket:
        assert socket.receive_text() == "hello"


def test_a_body_that_comes_in_pieces_is_not_read_past_the_limit():
    pieces = [LARGEST_BODY // 4] * 100

    async def receive():
        return {"type": "http.request", "body": b"a" * pieces.pop(), "more_body": True}

    async def read(scope, receive, send):
        await Request(scope, receive).body()

    with pytest.raises(HTTPException) as refusal:
        asyncio.run(BoundedBody(read)({"type": "http"}, receive, None))
    assert (refusal.value.status_code, len(pieces)) == (413, 95)
