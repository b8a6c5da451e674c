"""Fixtures for the tests of a module.

========================  ==============================================================================
``client``                a signed-in administrator: ``client.get("/api/v1/invoice_scanner/items")``
``dry_client``            the same, but every request is a dry run: it answers, and nothing is kept
``sign_in``               somebody else: ``sign_in("invoices.read")`` is an admin who may do just that, ``sign_in(kind="vendor")`` a vendor
``anonymous``             somebody who is not signed in
``unit``                  the scope that `execute_query` and its like work in; every test has it anyway
``outgoing_http``         what answers `klods.http`: ``outgoing_http.on("POST", url, httpx2.Response(201))``; every test has it,
                          so no test reaches another server
``sent_mail``             the mail that was kept, as a list: ``sent_mail[0].subject``; nothing is ever sent
``klods_app``             the hub as an ASGI app, with the module enabled and a database of its own
``klods_database``        the conninfo of that database: the host's tables and the module's, no rows
``module_code``           the code of the module whose folder the test stands in
========================  ==============================================================================

The module and those it needs are live. Every test has a database of its own that is thrown away. A test reads what requests have stored. What it writes itself
is seen by requests when it is kept: ``with klods.unit(): execute_insert(…)``.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from klods.errors import KlodsError
from klods.testing.copies import Copies
from klods.testing.plugin import module_folder
from klods.testing.postgres import host_template, postgres_server
from klods.testing.templates import Templates

if TYPE_CHECKING:
    from starlette.testclient import TestClient
    from starlette.types import ASGIApp

    from klods.db.database import Database
    from klods.db.scope import Scope
    from klods.testing.outside import OutgoingHttp, SentMail

__all__ = ["host_template", "postgres_server"]


@pytest.fixture
def module_code(request: pytest.FixtureRequest) -> str:
    """The code of the module whose folder the test stands in."""
    folder = _folder(request)
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((folder / "module.json").read_text("utf-8-sig"))["code"])
    return folder.name


@pytest.fixture(scope="session")
def klods_templates(
    postgres_server: str, host_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Templates]:
    """For each module a database in which it is enabled, made once and copied for every test."""
    with Copies(postgres_server) as copies:
        yield Templates(copies, host_template, tmp_path_factory.mktemp("klods"))


@pytest.fixture
def klods_database(request: pytest.FixtureRequest, klods_templates: Templates) -> Iterator[str]:
    """The conninfo of a database that holds the host's tables and the module's, the module enabled."""
    folder = _folder(request)
    try:
        klods_templates.prepare(folder)
    except KlodsError as error:
        pytest.fail(f"{folder.name} cannot be enabled. {error} {error.advice}", pytrace=False)
    with klods_templates.copy(folder) as conninfo:
        yield conninfo


@pytest.fixture
def klods_app(anonymous: "TestClient") -> "ASGIApp":
    """The hub as an ASGI app, started, with the module enabled in it."""
    return anonymous.app


@pytest.fixture
def anonymous(
    request: pytest.FixtureRequest, klods_templates: Templates, klods_database: str
) -> Iterator["TestClient"]:
    """A client that is not signed in."""
    from klods.testing.client import serve

    with serve(klods_templates.settings(_folder(request), klods_database)) as client:
        yield client


@pytest.fixture
def client(anonymous: "TestClient", klods_templates: Templates) -> "TestClient":
    """A client that is signed in as an administrator; what it sends passes as sent by a page of the hub."""
    from klods.testing.client import signed_in

    return signed_in(anonymous, klods_templates.token)


@pytest.fixture
def dry_client(anonymous: "TestClient", klods_templates: Templates) -> "TestClient":
    """A client like `client` whose every request is a dry run."""
    from klods.testing.client import signed_in

    return signed_in(anonymous, klods_templates.token, dry=True)


@pytest.fixture
def sign_in(anonymous: "TestClient", klods_own_database: "Database") -> "Callable[..., TestClient]":
    """Makes clients of other people: ``sign_in(*permissions, kind="admin")``, each with a role that allows just these."""
    from klods.testing.client import signed_in
    from klods.testing.people import new_token

    def make(*permissions: str, kind: str = "admin") -> "TestClient":
        return signed_in(anonymous, new_token(klods_own_database, permissions, kind))

    return make


@pytest.fixture(autouse=True)
def unit(request: pytest.FixtureRequest) -> Iterator["Scope | None"]:
    """The scope of the test, a command of its module: it connects at its first statement and keeps nothing at the end.

    Tests that belong to no module have None.
    """
    folder = module_folder(request.path)
    if folder is None:
        yield None
        return
    from klods.testing.command import lazy_scope

    with lazy_scope(lambda: request.getfixturevalue("klods_own_database")) as scope:
        scope.module = request.getfixturevalue("module_code")
        yield scope


@pytest.fixture(autouse=True)
def outgoing_http(request: pytest.FixtureRequest) -> Iterator["OutgoingHttp | None"]:
    """What answers requests to other servers, and remembers them in ``requests``; the network is not reached.

    Tests that belong to no module have None.
    """
    if module_folder(request.path) is None:
        yield None
        return
    from klods.outbound.transports import AsyncNetwork, Network
    from klods.testing.outside import OutgoingHttp

    outside = OutgoingHttp()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Network, "handle_request", lambda _, sent: outside.respond(sent))
        patched.setattr(AsyncNetwork, "handle_async_request", lambda _, sent: outside.respond_later(sent))
        yield outside


@pytest.fixture
def sent_mail(klods_own_database: "Database") -> "SentMail":
    """The mail that requests and ``with klods.unit():`` have kept, oldest first."""
    from klods.testing.outside import SentMail

    return SentMail(klods_own_database)


@pytest.fixture
def klods_own_database(
    request: pytest.FixtureRequest, unit: "Scope | None", klods_database: str, klods_templates: Templates
) -> Iterator["Database"]:
    """The connections of the test itself, apart from those of the app; closed before the database goes."""
    from klods.db.database import Database
    from klods.db.roles.isolating import isolate
    from klods.outbound.blobs import DiskBlobs

    with Database(klods_database, pool_size=2) as database:
        isolate(database)
        database.blobs = DiskBlobs(klods_templates.settings(_folder(request), klods_database).files_dir)
        yield database
        if unit is not None:
            unit.end(keep=False)


def _folder(request: pytest.FixtureRequest) -> Path:
    folder = module_folder(request.path)
    if folder is None:
        pytest.fail(f"{request.path} stands in no module, so this fixture has nothing to work with", pytrace=False)
    return folder
