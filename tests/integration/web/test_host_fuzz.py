"""Whatever a signed-in program sends to the host's API, the answer is a documented one and never a 5xx."""

import json
from contextlib import contextmanager

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from schemathesis import GenerationMode
from support.hub import broken, open_hub, paper_module
from support.serving import serving

from klods.kernel.state import Active

CODES = ("customers", "invoices", "prices", None)
SHAPE = {"error", "message", "hint", "request_id", "data"}


@contextmanager
def signed_in_hub(conninfo, folder):
    modules = [paper_module("customers", folder, is_core=True), paper_module("invoices", folder)]
    with open_hub(conninfo, modules, [broken("prices", folder)]) as hub, serving(hub.app) as address:
        hub.lifecycle.put("customers", Active.ENABLED)
        yield address, {"Authorization": f"Bearer {hub.token(hub.admin())}"}


@pytest.fixture
def host_schema(host_database, tmp_path):
    with signed_in_hub(host_database, tmp_path) as (address, token):
        document = requests.get(f"{address}/api/v1/openapi.json", headers=token, timeout=10)
        schema = schemathesis.openapi.from_dict(json.loads(document.text))
        schema.config.update(base_url=address, headers=token)
        yield schema


@pytest.mark.parametrize("mode", GenerationMode, ids=str)
@pytest.mark.parametrize("tag", ["modules", "tokens", "me", "health"])
def test_no_input_breaks_the_hosts_api(host_schema, tag, mode):
    operations = [found.ok() for found in host_schema.include(tag=tag).get_all_operations()]
    assert operations
    for operation in operations:
        if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
            bombard(operation, mode)


def bombard(operation, mode):
    @given(case=operation.as_strategy(generation_mode=mode), code=some.sampled_from(CODES))
    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def one_answer(case, code):
        if code and "code" in case.path_parameters:
            case.path_parameters["code"] = code
        answer = case.call(timeout=20)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and "json" in answer.headers["content-type"][0]:
            assert answer.json().keys() == SHAPE

    one_answer()
