"""From a path to a module: where its routes stand, who may call them, and what happens while it is switched."""

import asyncio

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from support.engine import Request, ask, serving, write_module
from support.waiting import HANGS_AFTER_SECONDS, soon

from klods.errors import PartFailed

API = """
    import asyncio

    from fastapi import APIRouter, Request, WebSocket
    from fastapi.responses import PlainTextResponse, StreamingResponse
    from fastapi.sse import EventSourceResponse
    from starlette.endpoints import HTTPEndpoint
    from starlette.routing import Mount, Route

    from klods.web.engine.marks import public

    router = APIRouter()
"""


@pytest.fixture
def hub():
    with serving() as hub:
        yield hub


def one_route(path: str, name: str = "router") -> str:
    return f"""
    from fastapi import APIRouter

    {name} = APIRouter()

    @{name}.get("{path}")
    async def here() -> str:
        return "here"
    """


@pytest.mark.parametrize(
    ("file", "name", "written", "served", "user"),
    [
        ("backend/router.py", "router", "/cards", "/api/v1/crm/cards", "admin"),
        ("backend/router.py", "router", "/crm/cards", "/api/v1/crm/cards", "admin"),
        ("backend/router.py", "router", "/api/v1/crm/cards", "/api/v1/crm/cards", "admin"),
        ("backend/router.py", "router", "/crm_more/cards", "/api/v1/crm/crm_more/cards", "admin"),
        ("routes/admin.py", "admin_router", "/cards", "/api/admin/crm/cards", "admin"),
        ("routes/admin.py", "admin_router", "/api/admin/crm/cards", "/api/admin/crm/cards", "admin"),
        ("routes/vendor.py", "vendor_router", "/cards", "/api/vendor/crm/cards", "vendor"),
        ("frontend/views.py", "router", "/cards", "/crm/cards", "admin"),
        ("frontend/views.py", "router", "/crm/cards", "/crm/cards", "admin"),
        ("frontend/views.py", "router", "/vendor/crm/cards", "/vendor/crm/cards", "vendor"),
    ],
)
def test_a_router_is_taken_as_written_or_put_behind_its_prefix(hub, tmp_path, file, name, written, served, user):
    hub.add(write_module(tmp_path, "crm", {file: one_route(written, name)}))
    assert hub.ask("GET", served, user=user).json == "here"


@pytest.mark.parametrize("written", ["", "/", "/crm", "/crm/"])
def test_a_modules_first_page_answers_with_and_without_a_slash(hub, tmp_path, written):
    text = one_route(written).replace("APIRouter()\n", "APIRouter()\n    routes = router\n", 1)
    hub.add(write_module(tmp_path, "crm", {"frontend/views.py": text if written else through_a_prefix()}))
    assert hub.ask("GET", "/crm").json == "here"
    assert hub.ask("GET", "/crm/").json == "here"


def through_a_prefix() -> str:
    return """
    from fastapi import APIRouter

    router = APIRouter(prefix="/crm")

    @router.get("")
    async def here() -> str:
        return "here"
    """


def test_a_router_that_mixes_both_is_a_problem_with_file_and_line(hub, tmp_path):
    text = one_route("/crm/cards") + """
    @router.get("/lost")
    async def lost() -> str:
        return "lost"
    """  # fmt: skip
    with pytest.raises(PartFailed, match=r"'/lost' does not begin with '/crm'") as failure:
        hub.add(write_module(tmp_path, "crm", {"backend/router.py": text}))
    assert failure.value.data["where"] == "backend/router.py:10"


def test_a_part_that_is_no_router_is_a_problem(hub, tmp_path):
    with pytest.raises(PartFailed, match="router is a dict and not an APIRouter"):
        hub.add(write_module(tmp_path, "crm", {"backend/router.py": "router = {}"}))


def test_what_is_no_modules_goes_to_the_host(hub, tmp_path):
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": one_route("/cards")}))

    @hub.host.get("/{rest:path}")
    async def host(rest: str) -> str:
        return f"host {rest}"

    for path in (
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v2/crm/cards",
        "/other",
        "/api/v1/other",
        "//crm",
        "/vendor",
    ):
        assert hub.ask("GET", path).json == f"host {path[1:]}"


def test_a_known_module_that_is_off_is_404_with_the_way_to_enable_it(hub, tmp_path):
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": one_route("/cards")}), enabled=False)
    answer = hub.ask("GET", "/api/v1/crm/cards")
    assert (answer.status, answer.error) == (404, "module_not_enabled")
    assert "klods module enable crm" in answer.json["hint"]


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("", "/api/v1/crm/x", 401),
        ("", "/api/admin/crm/x", 401),
        ("vendor", "/api/v1/crm/x", 403),
        ("vendor", "/api/admin/crm/x", 403),
        ("vendor", "/crm/x", 403),
        ("admin", "/api/vendor/crm/x", 403),
        ("elsewhere", "/api/v1/crm/x", 403),
        ("vendor", "/api/vendor/crm/x", 200),
        ("admin", "/api/v1/crm/x", 200),
    ],
)
def test_everything_needs_a_signed_in_user_of_the_right_kind(hub, tmp_path, user, path, status):
    hub.add(write_module(tmp_path, "crm", {
        "backend/router.py": one_route("/x"), "routes/admin.py": one_route("/x", "admin_router"),
        "routes/vendor.py": one_route("/x", "vendor_router"), "frontend/views.py": one_route("/x"),
    }))  # fmt: skip
    assert hub.ask("GET", path, user=user).status == status


def test_an_internal_module_is_for_admins_only(hub, tmp_path):
    files = {"routes/vendor.py": one_route("/x", "vendor_router"), "backend/router.py": one_route("/x")}
    hub.add(write_module(tmp_path, "crm", files, is_internal=True))
    assert hub.ask("GET", "/api/v1/crm/x", user="vendor").status == 403
    assert hub.ask("GET", "/api/v1/crm/x", user="admin").status == 200
    assert {hub.ask("GET", "/api/vendor/crm/x", user=user).status for user in ("vendor", "admin")} == {403}


def test_a_person_is_sent_to_sign_in_and_a_program_is_told(hub, tmp_path):
    hub.add(write_module(tmp_path, "crm", {"frontend/views.py": one_route("/x"), "backend/router.py": one_route("/x")}))
    browser = {"accept": "text/html,*/*"}
    answer = hub.ask("GET", "/crm/x?page=2", user="", headers=browser)
    assert (answer.status, answer.headers["location"]) == (303, "/auth/login?next=/crm/x%3Fpage%3D2")
    assert hub.ask("GET", "/crm/x", user="").status == 401
    answer = hub.ask("GET", "/api/v1/crm/x", user="", headers=browser)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


PUBLIC = """
    @public()
    @router.get("/above")
    async def above() -> str:
        return "open"

    @router.get("/below")
    @public()
    def below() -> str:
        return "open"

    @router.get("/bare")
    @public
    async def bare() -> str:
        return "open"

    @router.get("/items/secret")
    async def secret() -> str:
        return "closed"

    @router.get("/items/{item}")
    @public()
    async def item(item: str) -> str:
        return "open"

    class Endpoint(HTTPEndpoint):
        async def get(self, request: Request) -> PlainTextResponse:
            return PlainTextResponse("closed")

    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse("closed")

    router.add_route("/endpoint", Endpoint)
    router.add_route("/plain", plain)
    router.mount("/mounted", PlainTextResponse("closed"))

    @router.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("closed")

    @router.websocket("/open")
    @public()
    async def open_socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("open")
"""


def test_public_opens_one_route_and_nothing_beside_it(hub, tmp_path):
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": API + PUBLIC}))
    for path in ("above", "below", "bare", "items/1"):
        assert hub.ask("GET", f"/api/v1/crm/{path}", user="").json == "open"
    for path in ("items/secret", "endpoint", "plain", "mounted/", "mounted/x", "health"):
        assert hub.ask("GET", f"/api/v1/crm/{path}", user="").status == 401
    for path in ("endpoint", "plain", "mounted/"):
        assert hub.ask("GET", f"/api/v1/crm/{path}").body == b"closed"


def test_a_socket_is_closed_to_strangers_and_open_to_people(hub, tmp_path):
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": API + PUBLIC}))
    with TestClient(hub.app) as client:
        with client.websocket_connect("/api/v1/crm/open") as socket:
            assert socket.receive_text() == "open"
        with pytest.raises(WebSocketDenialResponse) as denial, client.websocket_connect("/api/v1/crm/socket"):
            pass
        assert denial.value.status_code == 401
        with client.websocket_connect("/api/v1/crm/socket", headers={"x-user": "admin"}) as socket:
            assert socket.receive_text() == "closed"
        hub.switch()
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/v1/crm/open"):
            pass


def test_health_is_the_modules_own_or_the_hosts(hub, tmp_path):
    own = API + """
    @router.get("/health")
    async def health() -> str:
        return "own"
    """  # fmt: skip
    hub.add(write_module(tmp_path, "own", {"backend/router.py": own}))
    hub.add(write_module(tmp_path, "plain", {"frontend/views.py": one_route("/x")}, version="2.1"))
    check = "import time\n\ndef health_check():\n    {}\n"
    for code, body in {
        "ill": "return {'status': 'unhealthy', 'queue': 9}",
        "raising": "raise LookupError('gone')",
    }.items():
        hub.add(write_module(tmp_path, code, {"definition.py": check.format(body)}))
    assert hub.ask("GET", "/api/v1/own/health").json == "own"
    assert hub.ask("GET", "/api/v1/plain/health").json["status"] == "healthy"
    ill = hub.ask("GET", "/api/v1/ill/health")
    assert (ill.status, ill.json["details"]["queue"]) == (503, 9)
    assert hub.ask("GET", "/api/v1/raising/health").status == 503


SLOW = (
    API
    + """
    may_end = asyncio.Event()

    @router.get("/slow")
    async def slow() -> str:
        while not may_end.is_set():
            await asyncio.sleep(0.005)
        return "whole"

    @router.get("/events", response_class=EventSourceResponse)
    async def events():
        while True:
            yield "tick"
            await asyncio.sleep(0.01)

    @router.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive_text()
"""
)


def test_a_request_in_flight_is_answered_and_the_next_one_is_404(hub, tmp_path):
    crm = hub.add(write_module(tmp_path, "crm", {"backend/router.py": SLOW}))

    async def journey():
        inside = asyncio.create_task(ask(hub.app, Request(path="/api/v1/crm/slow")))
        await soon(lambda: crm.in_flight[1])
        hub.switch()
        assert (await ask(hub.app, Request(path="/api/v1/crm/slow"))).status == 404
        assert not await hub.switchboard.drain(["crm"], 0.01)
        assert not inside.done()
        hub.code("crm").may_end.set()
        assert await hub.switchboard.drain(["crm"], HANGS_AFTER_SECONDS)
        assert inside.done()
        return (await inside).json

    assert asyncio.run(journey()) == "whole"


def test_draining_ends_event_streams_and_sockets(hub, tmp_path):
    crm = hub.add(write_module(tmp_path, "crm", {"backend/router.py": SLOW}))

    async def listen():
        scope = Request().scope() | {"type": "websocket", "path": "/api/v1/crm/socket"}
        messages = [{"type": "websocket.connect"}]

        async def receive():
            return messages.pop() if messages else await asyncio.Event().wait()

        async def send(message):
            sent.append(message["type"])

        sent: list[str] = []
        await hub.app(scope, receive, send)

    async def journey():
        stream = asyncio.create_task(ask(hub.app, Request(path="/api/v1/crm/events")))
        socket = asyncio.create_task(listen())
        await soon(lambda: len(crm.open_ended) == 2)
        hub.switch()
        assert await hub.switchboard.drain(["crm"], HANGS_AFTER_SECONDS)
        await soon(lambda: stream.done() and socket.done())

    asyncio.run(journey())


def test_toggling_while_requests_fly_fails_no_request_of_another_module(hub, tmp_path):
    for code in ("crm", "other"):
        hub.add(write_module(tmp_path, code, {"backend/router.py": one_route("/x")}))
    seen: dict[str, set[int]] = {"crm": set(), "other": set()}

    async def knock(code):
        while True:
            seen[code].add((await ask(hub.app, Request(path=f"/api/v1/{code}/x"))).status)
            await asyncio.sleep(0)

    async def journey():
        tasks = [asyncio.create_task(knock(code)) for code in ("crm", "other") for _ in range(3)]
        for turn in range(20):
            hub.switch(*(["other"] if turn % 2 else ["crm", "other"]))
            assert await hub.switchboard.drain(["crm"], HANGS_AFTER_SECONDS)
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(journey())
    assert seen == {"crm": {200, 404}, "other": {200}}


def test_routes_of_routers_in_routers_keep_their_names_statuses_and_models(hub, tmp_path):
    text = API + """
    from fastapi import Depends, HTTPException
    from pydantic import BaseModel

    class Card(BaseModel):
        name: str
        secret: str = "hidden"

    class Shown(BaseModel):
        name: str

    def refuse(name: str = "") -> None:
        if name == "bad":
            raise HTTPException(418)

    inner = APIRouter(prefix="/inner", dependencies=[Depends(refuse)])
    middle = APIRouter()

    @inner.post("/{number}", status_code=201, response_model=Shown)
    def make(number: int) -> Card:
        return Card(name=str(number))

    middle.include_router(inner, prefix="/middle")
    router.include_router(middle)
    """  # fmt: skip
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": text}))
    answer = hub.ask("POST", "/api/v1/crm/middle/inner/7")
    assert (answer.status, answer.json) == (201, {"name": "7"})
    assert hub.ask("POST", "/api/v1/crm/middle/inner/7?name=bad").status == 418
    assert hub.ask("POST", "/api/v1/crm/middle/inner/x").status == 422


def test_a_route_class_of_the_module_is_kept(hub, tmp_path):
    text = API + """
    from fastapi.routing import APIRoute

    class Timed(APIRoute):
        def get_route_handler(self):
            handler = super().get_route_handler()

            async def timed(request):
                response = await handler(request)
                response.headers["x-timed"] = "yes"
                return response

            return timed

    router = APIRouter(route_class=Timed)

    @router.get("/x")
    async def here() -> str:
        return "here"
    """  # fmt: skip
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": text}))
    assert hub.ask("GET", "/api/v1/crm/x").headers["x-timed"] == "yes"


def test_a_module_is_not_let_past_its_own_size_limits(hub, tmp_path):
    text = API + """
    router = APIRouter(max_body_size=10)

    @router.post("/x")
    async def here(request: Request) -> int:
        return len(await request.body())
    """  # fmt: skip
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": text}))
    assert hub.ask("POST", "/api/v1/crm/x", body=b"x" * 10).json == 10
    assert hub.ask("POST", "/api/v1/crm/x", body=[b"x" * 9, b"x" * 9]).status == 413


def test_a_mounted_app_may_answer_without_headers(hub, tmp_path):
    hub.add(write_module(tmp_path, "crm", {"backend/router.py": API + """
    async def bare(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"bare"})

    router.mount("/bare", bare)
    """}))  # fmt: skip
    assert hub.ask("GET", "/api/v1/crm/bare/").body == b"bare"
