"""The pytest plugin: gives tests inside module folders their fixtures, and costs every other project nothing.

A test belongs to a module when it stands in a folder that has a `module.json` or a `definition.py`, at any depth:
``modules/invoice_scanner/tests/test_api.py``. The fixtures are described in `klods.testing.fixtures`; tests that stand
elsewhere ask for them with ``pytest_plugins = ["klods.testing.fixtures"]``.
"""

from pathlib import Path

import pytest

FIXTURES = "klods.testing.fixtures"
SIGNS = ("module.json", "definition.py")


def module_folder(path: Path) -> Path | None:
    """The module that a test file belongs to: the nearest folder above it that is one."""
    return next((folder for folder in path.parents if any((folder / sign).is_file() for sign in SIGNS)), None)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> None:
    """Fetch the fixtures when the first test of a module is collected; collecting goes on as always."""
    plugins = parent.config.pluginmanager
    if not plugins.has_plugin(FIXTURES) and module_folder(module_path):
        plugins.import_plugin(FIXTURES)
