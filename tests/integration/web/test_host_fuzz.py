"""Whatever a signed-in program sends to the host's API, the answer is a documented one and never a 5xx."""

import json
import os
from types import SimpleNamespace

import pytest
import requests
import schemathesis
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.hub import broken, open_hub, paper_module
from support.serving import serving

from klods.db.people.accounts import Account
from klods.db.people.roles import Role
from klods.db.people.sign_ins import Visitor
from klods.kernel.definition import FrontendType, MenuItem
from klods.kernel.features import Tier
from klods.kernel.state import Active
from klods.testing.postgres import copied
from klods.web.auth.secrets import digest
from klods.web.engine.snapshot import Switchboard
from klods.web.errors import Errors
from klods.web.host import create_host_app

LONG = bool(os.environ.get("KLODS_LONG"))
EXAMPLES = 200 if LONG else 6
MODULES = ("customers", "invoices", "prices")
REAL = {
    "modules": MODULES,
    "v1": MODULES,
    "users": ("karen", "vera"),
    "roles": ("clerk", "administrator"),
    "platforms": ("shop",),
    "vendors": ("acme",),
    "tiers": ("gold",),
    "tokens": ("spare",),
    "domains": ("shop.localhost",),
    "features": ("reports",),
    "menus": ("admin", "vendor"),
    "module": ("customers",),
    "item": ("customers",),
    "log": (1, 2, 3),
    "history": (1, 2, 3),
    "archives": (1,),
    "sign-ins": (1, 2, 3),
}
"""What there is, by the part of the path that stands before it; one's own account and platform are left alone."""

REAL_FIELDS = {
    "vendor": "acme",
    "tier": "gold",
    "platform": "shop",
    "roles": ["clerk"],
    "permissions": ["customers.read"],
    "features": ["reports"],
    "values": {"trial_days": 3},
}
PROMISES = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def host_tags() -> list[str]:
    app = create_host_app(SimpleNamespace(switchboard=Switchboard()), Errors())
    return sorted({tag for route in iter_route_contexts(app.routes) for tag in getattr(route, "tags", None) or ()})


@pytest.fixture(scope="module")
def host_schema(postgres_server, host_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    customers = paper_module(
        "customers",
        folder,
        is_core=True,
        features=("reports",),
        permissions=("customers.read",),
        default_config={"trial_days": 30},
        menu_items={FrontendType.ADMIN: [MenuItem("customers")]},
    )
    with (
        copied(postgres_server, host_template) as conninfo,
        open_hub(conninfo, [customers, paper_module("invoices", folder)], [broken("prices", folder)]) as hub,
        serving(hub.app) as address,
    ):
        populate(hub)
        me = hub.admin()
        hub.people.sign_ins.open(digest("secret"), me.on(1), Visitor())
        token = {"Authorization": f"Bearer {hub.token(me)}", "X-Klods-Platform": "default"}
        document = requests.get(f"{address}/api/v1/openapi.json", headers=token, timeout=10)
        schema = schemathesis.openapi.from_dict(json.loads(document.text))
        schema.config.update(base_url=address, headers=token)
        yield schema
        still_there = requests.get(f"{address}/api/v1/me", headers=token, timeout=10)
        assert still_there.status_code == 200, "whoever asked was shut out, so that nothing more was tried"


def populate(hub) -> None:
    hub.lifecycle.put("customers", Active.ENABLED)
    hub.follow()
    services, people = hub.services, hub.people
    services.platforms.add_domain(services.platforms.read().find("default"), "127.0.0.1", actor="test")
    services.platforms.create("shop", "Shop", ["shop.localhost"], actor="test")
    services.tiers.save(Tier("gold", "Gold", frozenset({"reports"}), 1), actor="test")
    vendor = services.vendors.create("acme", "ACME", 1)
    people.roles.create(Role("clerk", "Clerk", permissions=("customers.read",), platform_id=1))
    karen = people.accounts.create(Account(0, "karen", "Karen", email="karen@example.com"))
    people.accounts.create(Account(0, "vera", "Vera", FrontendType.VENDOR, 1, vendor_id=vendor.id))
    hub.token(karen, "spare")
    hub.follow_platforms()


@pytest.mark.parametrize("mode", GenerationMode, ids=str)
@pytest.mark.parametrize("tag", host_tags())
def test_no_input_breaks_the_hosts_api(host_schema, tag, mode):
    operations = [found.ok() for found in host_schema.include(tag=tag).get_all_operations()]
    assert operations
    for operation in operations:
        if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
            bombard(operation, mode)


def bombard(operation, mode):
    @given(case=operation.as_strategy(generation_mode=mode), real=some.integers(0, 11))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def one_answer(case, real):
        if real < 9:
            name_what_there_is(case, real)
        answer = case.call(timeout=20)
        # A name with a slash in it makes the path another one, for which the method may be none.
        if answer.status_code != 405:
            case.validate_response(answer, checks=PROMISES)

    one_answer()


def name_what_there_is(case, which: int) -> None:
    segments = case.path.split("/")
    for name in case.path_parameters or {}:
        before = segments[segments.index(f"{{{name}}}") - 1]
        names = REAL.get(name if before.startswith("{") else before)
        if names:
            case.path_parameters[name] = names[which % len(names)]
    if isinstance(case.body, dict) and which % 2:
        codes = (*REAL.get(segments[-1], ()), f"new-{which}")
        fields = REAL_FIELDS | {"code": codes[which % len(codes)]}
        case.body.update({name: value for name, value in fields.items() if name in case.body})
