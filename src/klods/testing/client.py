"""Clients for a hub that runs inside the test."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from klods.bootstrap import build
from klods.db.database import Database
from klods.db.people import People
from klods.settings import Settings
from klods.web.auth.secrets import TOKEN_PREFIX, digest, new_secret

PLATFORM = 1


@contextmanager
def serve(settings: Settings) -> Iterator[TestClient]:
    """Start the hub and give a client of it that is not signed in."""
    with build(settings) as klods, TestClient(klods.web_app()) as client:
        yield client


def signed_in(client: TestClient, conninfo: str, name: str = "tests") -> TestClient:
    """Another client of the same running hub, with a token of its first administrator."""
    secret = new_secret(TOKEN_PREFIX)
    with Database(conninfo, pool_size=2) as database:
        people = People(database)
        people.create_token(name, digest(secret), people.first_admin().on(PLATFORM))
    other = TestClient(client.app, headers={"authorization": f"Bearer {secret}"})
    other.portal = client.portal  # one event loop: what the hub holds belongs to the loop it was started on
    return other
