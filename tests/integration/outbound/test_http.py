"""`klods.http` against a real server: what goes out, what is refused, and what a dry run remembers of it."""

import asyncio
import threading
from types import SimpleNamespace

import httpx2
import pytest
from support.other_server import other_server

from klods.db.scope import Scope, enter
from klods.errors import BlockingCall, HeldMeanwhile, NoScope, NotSent, ReadOnlyModule
from klods.kernel.switches import Switches
from klods.outbound import http

LIVE, DRY, READ_ONLY = {}, {"dry": True}, {"read_only": True}


@pytest.fixture
def other():
    with other_server() as server:
        yield server


@pytest.fixture
def scope():
    """Makes scopes that never ask their database anything."""

    def make(**fields):
        return enter(Scope(SimpleNamespace(), "shop", **fields))

    return make


def test_a_live_module_sends_everything(other, scope):
    with scope():
        for method in ("get", "head", "post", "put", "patch", "delete"):
            assert getattr(http, method)(f"{other.address}/{method}").status_code == 200
    assert other.got == ["GET /get", "HEAD /head", "POST /post", "PUT /put", "PATCH /patch", "DELETE /delete"]


def test_what_began_live_sends_nothing_more_once_its_module_is_on_hold(other, scope):
    switches = [Switches(read_only=False, dry_run=False)]
    with scope(switches=lambda code, platform: switches[-1]):
        http.post(f"{other.address}/before")
        switches.append(Switches(read_only=True, dry_run=True))
        with pytest.raises(HeldMeanwhile):
            http.post(f"{other.address}/after")
        http.get(f"{other.address}/reading")
    assert other.got == ["POST /before", "GET /reading"]


@pytest.mark.parametrize("mode", [DRY, READ_ONLY])
def test_what_reads_goes_out_in_any_mode(other, scope, mode):
    with scope(**mode), http.client(base_url=other.address) as client:
        assert client.get("/items").text == "real"
        client.head("/items")
        client.options("/items")
        client.post("/search", json={"q": "x"}, extensions=http.READS)
        http.post(f"{other.address}/search", extensions=http.READS)
    assert other.got == ["GET /items", "HEAD /items", "OPTIONS /items", "POST /search", "POST /search"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_dry_run_sends_nothing_else_and_says_what_it_would_have_sent(other, scope, method):
    with scope(**DRY) as dry:
        with pytest.raises(NotSent) as refused:
            http.request(method, f"{other.address}/orders?token=hidden&page=2", content=b"12345")
        assert other.got == []
        (noted,) = dry.changes.outgoing
    assert (noted.kind, noted.op, noted.size) == ("http", method, 5)
    assert noted.target == f"{other.address}/orders?token=***&page=***"
    assert method in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_accounts_in_addresses_are_not_noted(other, scope):
    with scope(**DRY) as dry, pytest.raises(NotSent) as refused:
        http.post(other.address.replace("//", "//anna:hidden@") + "/orders#hidden")
    assert dry.changes.outgoing[0].target == f"{other.address}/orders"
    assert "hidden" not in str(refused.value)


def test_a_stand_in_answers_for_the_other_server(other, scope):
    stand_in = httpx2.Response(201, json={"id": 7})
    with scope(**DRY) as dry:
        answers = [http.post(f"{other.address}/orders", json={}, when_dry=stand_in) for _ in range(2)]
        with http.client(base_url=other.address, when_dry=lambda request: httpx2.Response(204)) as client:
            assert client.delete("/orders/7").status_code == 204
            with client.stream("POST", "/orders") as answer:
                assert answer.read() == b""
    assert [(answer.status_code, answer.json()) for answer in answers] == [(201, {"id": 7})] * 2
    assert [noted.op for noted in dry.changes.outgoing] == ["POST", "POST", "DELETE", "POST"]
    assert other.got == []


def test_a_stand_in_is_not_used_by_a_live_module(other, scope):
    with scope():
        assert http.post(f"{other.address}/orders", when_dry=httpx2.Response(418)).text == "real"


def test_a_read_only_module_is_refused_and_told_the_way_out(other, scope):
    with scope(**READ_ONLY) as read_only, pytest.raises(ReadOnlyModule, match="shop"):
        http.post(f"{other.address}/orders", when_dry=httpx2.Response(200))
    assert read_only.changes is None
    assert other.got == []


def test_redirects_are_followed_only_when_asked_for_and_every_hop_is_looked_at(other, scope):
    with scope():
        assert http.get(f"{other.address}/moved").status_code == 302
        assert http.get(f"{other.address}/moved", follow_redirects=True).text == "real"
    other.got.clear()
    with scope(**DRY), http.client(base_url=other.address, follow_redirects=True) as client:
        client.post("/moved-as-it-is", extensions=http.READS)
        with pytest.raises(NotSent):
            client.post("/moved-as-it-is")
    assert other.got == ["POST /moved-as-it-is", "POST /there"]


def test_a_socket_is_no_reading_although_it_begins_with_get(other, scope):
    with scope(**DRY), http.client(base_url=other.address) as client, pytest.raises(NotSent):
        client.get("/socket", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert other.got == []


@pytest.mark.parametrize("url", ["ftp://example.com/x", "file:///etc/hostname", "ws://127.0.0.1:1/x"])
def test_other_schemes_are_refused(scope, url):
    with scope(), pytest.raises(httpx2.UnsupportedProtocol):
        http.get(url)


def test_there_is_nothing_to_send_without_a_scope(other, scope):
    with pytest.raises(NoScope):
        http.get(other.address)
    with scope() as ended:
        ended.end(keep=True)
        with pytest.raises(NoScope):
            http.get(other.address)
    assert other.got == []


def test_a_client_obeys_the_scope_that_it_is_used_in(other, scope):
    with http.client(base_url=other.address) as client:
        with scope():
            client.post("/one")
        with scope(**DRY), pytest.raises(NotSent):
            client.post("/two")
        with scope():
            client.post("/three")
    assert other.got == ["POST /one", "POST /three"]


def test_native_modules_have_a_client_that_obeys_too(other, scope):
    async def try_both():
        async with http.async_client(base_url=other.address, when_dry=httpx2.Response(202)) as client:
            assert (await client.get("/items")).text == "real"
            assert (await client.post("/orders")).status_code == 202
        async with http.async_client(base_url=other.address) as client:
            with pytest.raises(NotSent):
                await client.post("/orders")

    with scope(**DRY) as dry:
        asyncio.run(try_both())
    assert other.got == ["GET /items"]
    assert len(dry.changes.outgoing) == 2


def test_the_loop_of_the_server_is_not_made_to_wait(other, scope):
    with scope() as here:
        here.host_thread = threading.get_ident()
        with pytest.raises(BlockingCall):
            http.get(other.address)


@pytest.mark.parametrize("option", ["transport", "mounts", "verify", "trust_env"])
def test_no_option_leads_round_the_switches(option):
    for make in (http.client, http.async_client):
        with pytest.raises(TypeError, match=option):
            make(**{option: None})


def test_the_environment_does_not_send_requests_another_way(other, scope, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with scope(**DRY), pytest.raises(NotSent):
        http.post(f"{other.address}/orders")
    with scope():
        assert http.get(other.address).text == "real"


def test_a_slow_server_is_given_ten_seconds():
    with http.client() as client:
        assert client.timeout == httpx2.Timeout(10.0)


def test_a_body_in_pieces_has_no_known_size(scope):
    with scope(**DRY) as dry, pytest.raises(NotSent):
        http.post("http://127.0.0.1:1/", content=iter([b"one", b"two"]))
    assert dry.changes.outgoing[0].size is None
