"""The application of a web process before it knows anything and when it has to end."""

import asyncio

import pytest
from support.engine import Request, ask

from klods.bootstrap import build
from klods.settings import Settings


@pytest.fixture
def app(host_database, tmp_path):
    with build(Settings(_env_file=None, home=tmp_path, modules_dir=tmp_path, database_url=host_database)) as klods:
        yield klods.web_app()


def test_what_may_be_a_modules_is_503_as_long_as_nobody_knows_the_modules(app, monkeypatch):
    monkeypatch.setattr("klods.web.app.FIRST_STATES_SECONDS", 0.01)
    answer = asyncio.run(ask(app, Request(path="/api/v1/crm/items")))
    assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "unavailable", "2")
    assert answer.headers["x-request-id"]


def test_what_can_only_be_the_hosts_waits_for_nothing(app):
    assert asyncio.run(ask(app, Request(path="/api/docs"))).status == 303


def test_a_request_that_the_server_gives_up_on_is_answered(app, caplog):
    async def journey():
        request = asyncio.create_task(ask(app, Request(path="/api/v1/crm/items")))
        await asyncio.sleep(0.05)
        app.stop_soon()
        request.cancel()
        return await request

    assert asyncio.run(journey()).status == 503
    assert "GET /api/v1/crm/items was cut short" in caplog.text


def test_nobody_else_who_cancels_a_request_gets_an_answer(app):
    async def journey():
        request = asyncio.create_task(ask(app, Request(path="/api/v1/crm/items")))
        await asyncio.sleep(0.05)
        request.cancel()
        await request

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(journey())
