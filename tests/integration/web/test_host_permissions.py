"""Who may call which route of the host: the table is made from the routes, so a new one without a rule fails."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from httpx2 import Response
from starlette.testclient import TestClient
from support.hub import open_hub, paper_module

from klods.db.people.accounts import Account
from klods.db.people.roles import Role
from klods.kernel.definition import FrontendType
from klods.kernel.permissions import HOST_PERMISSIONS
from klods.web.callers import rules_of
from klods.web.errors import Errors
from klods.web.host import create_host_app

OPEN = {
    "GET /health", "GET /health/live", "GET /health/ready",
    "GET /auth/login", "POST /auth/login", "POST /auth/logout", "POST /klods/look",
    "GET /auth/link/{link}", "POST /auth/link/{link}",
    "GET /auth/forgot", "POST /auth/forgot", "GET /auth/reset/{link}", "POST /auth/reset/{link}",
    "GET /api/docs",
}  # fmt: skip
"""What needs nobody: how one comes in, how the hub is, how a browser shall look."""

FOR_PEOPLE = {"GET /auth/password", "POST /auth/password"}
"""What no token may do, whatever its owner may: the callers here come with tokens."""

SENT = {"login": "x", "name": "x", "code": "x1", "roles": [], "permissions": [], "tier": "", "granted": None}


@pytest.fixture
def hub(host_database, tmp_path):
    with open_hub(host_database, [paper_module("customers", tmp_path)]) as opened:
        yield opened


def routes(hub) -> Iterator[tuple[str, str, APIRoute]]:
    app = create_host_app(hub.services, Errors())
    for context in iter_route_contexts(app.routes):
        if isinstance(context.route, APIRoute):
            for method in sorted(context.methods or ()):
                yield f"{method} {context.path}", method, context


def client(hub, login, kind, permissions=()) -> TestClient:
    platform = 1 if kind is FrontendType.VENDOR else None
    account = hub.people.accounts.create(Account(0, login, kind=kind, platform_id=platform))
    role = hub.people.roles.create(Role(f"role-{login}", "", kind, tuple(permissions)))
    hub.people.roles.give(role, account.id)
    return TestClient(hub.app, headers={"Authorization": f"Bearer {hub.token(account, login)}"}, follow_redirects=False)


def answer_to(method: str, path: str, who: TestClient) -> Response:
    body = {} if method in ("GET", "DELETE") else {"json": SENT}
    return who.request(method, path, headers={"accept": "application/json"}, **body)


def filled(path: str) -> str:
    numbers = {"number", "sign_in"}
    return re.sub(
        r"\{(\w+)(?::path)?\}",
        lambda found: "7" if found[1] in numbers else "enable" if found[1] == "action" else "x1",
        path,
    )


def test_every_route_of_the_host_lets_in_whom_its_rule_lets_in(hub):
    hub.admin()
    anonymous = TestClient(hub.app, follow_redirects=False)
    vendor = client(hub, "vera", FrontendType.VENDOR, ["*"])
    weak = client(hub, "willy", FrontendType.ADMIN)
    named: set[str] = set()
    seen = 0
    clients: dict[tuple[str, ...], TestClient] = {}
    for name, method, context in routes(hub):
        if name in OPEN:
            continue
        rules = rules_of(context)
        seen += 1
        assert rules, f"{name} says nothing about who may call it"
        wanted = tuple(sorted({permission for rule in rules for permission in rule.permissions}))
        named |= set(wanted)
        allowed = clients.get(wanted) or clients.setdefault(
            wanted, client(hub, f"able-{len(clients)}", FrontendType.ADMIN, wanted)
        )
        ask = partial(answer_to, method, filled(context.path))
        assert ask(anonymous).status_code == 401, name
        if any(rule.kind is FrontendType.ADMIN for rule in rules):
            assert ask(vendor).status_code == 403, name
        if wanted:
            refused = ask(weak)
            assert (refused.status_code, refused.json()["error"]) == (403, "permission_missing"), name
            assert refused.json()["data"]["permission"] in wanted
        assert (ask(allowed).status_code in (401, 403)) == (name in FOR_PEOPLE), name
    assert seen > 50
    assert named <= HOST_PERMISSIONS.keys()
