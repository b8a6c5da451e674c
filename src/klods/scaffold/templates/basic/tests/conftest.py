"""What the tests of Sample Module share; `client` and the other fixtures come with klods.testing."""

from typing import Any

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def item(client: TestClient) -> dict[str, Any]:
    """An item that was created through the API."""
    answer = client.post("/api/v1/sample-module/items", json={"name": "First", "notes": "with notes"})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created
