"""Clients for a hub that runs inside the test."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from klods.bootstrap import build
from klods.settings import Settings

LOAD_SECONDS = 60.0
"""How long a test waits for its module to be loaded; one that fails to load answers for itself."""


@contextmanager
def serve(settings: Settings) -> Iterator[TestClient]:
    """Start the hub and give a client of it that is not signed in."""
    with build(settings) as klods:
        app = klods.web_app()
        with TestClient(app) as client:
            app.wait_until_loaded(LOAD_SECONDS)
            yield client


def signed_in(client: TestClient, token: str, *, dry: bool = False) -> TestClient:
    """Another client of the same running hub, which sends a token, and asks for dry runs if it shall."""
    asking = {"x-klods-dry-run": "true"} if dry else {}
    other = TestClient(client.app, headers={"authorization": f"Bearer {token}", **asking})
    other.portal = client.portal  # one event loop: what the hub holds belongs to the loop it was started on
    return other
