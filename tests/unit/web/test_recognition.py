"""Who asks for a page is found out before anything can go wrong; programs pay nothing for it."""

import asyncio

import pytest

from klods.kernel.subject import Subject
from klods.web.asgi_scope import SUBJECT
from klods.web.asking import Recognition

ADA = Subject(1, "ada")


def passed_on(authenticate, path, accept="text/html"):
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept", accept.encode())]}

    async def app(*_):
        return None

    asyncio.run(Recognition(app, authenticate)(scope, None, None))
    return scope


async def ada(_):
    return ADA


@pytest.mark.parametrize("path", ["/crm", "/healthcare", "/"])
def test_the_reader_of_a_page_is_known(path):
    assert passed_on(ada, path)[SUBJECT] is ADA


@pytest.mark.parametrize(
    ("path", "accept"), [("/api/v1/me", "text/html"), ("/health/live", "text/html"), ("/crm", "*/*")]
)
def test_programs_are_not_looked_up_in_advance(path, accept):
    assert SUBJECT not in passed_on(ada, path, accept)


def test_a_lookup_that_fails_leaves_the_question_open(caplog):
    async def fails(_):
        raise LookupError("the database is away")

    assert SUBJECT not in passed_on(fails, "/crm")
    assert "could not find out who sent GET /crm" in caplog.text
