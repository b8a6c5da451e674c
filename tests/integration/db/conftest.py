"""What the tests of the database share."""

import shutil
import tempfile
from pathlib import Path

import pytest
from support.units import conninfo, database, emptied_database, outside, scope

from klods.db.embedded.warden import stop_now

__all__ = ["conninfo", "database", "emptied_database", "home", "outside", "scope"]


@pytest.fixture
def home():
    """A folder that every account may pass through, unlike pytest's own; its server is stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="klods-home-"))
    folder.chmod(0o711)
    yield folder
    stop_now(folder / "postgres")
    shutil.rmtree(folder)
