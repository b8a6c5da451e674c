"""What every test may ask for."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from klods.db.embedded.files import read_or_blank
from klods.db.embedded.server import HOME
from klods.db.embedded.warden import stop_now
from klods.testing.postgres import empty_database, host_database, host_template, postgres_server

__all__ = ["empty_database", "host_database", "host_template", "postgres_server"]

pytest_plugins = ["support.ci"]


@pytest.fixture(scope="session", autouse=True)
def state_folder():
    """Where the data goes of servers that root starts in pytest's folder, which is closed to the server's account."""
    if os.geteuid():
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="klods-state-"))
    folder.chmod(0o711)
    os.environ["STATE_DIRECTORY"] = str(folder)
    yield
    for place in folder.iterdir():
        if base := read_or_blank(place / HOME):
            stop_now(Path(base))
    shutil.rmtree(folder)
