"""The names module authors import: fetched late, and the same for the interpreter, editors and type checkers."""

import ast
import subprocess
import sys

import pytest
from support.tree import SOURCE

import klods

LAZY = set(klods._WHERE)


def stub_names():
    tree = ast.parse((SOURCE / "__init__.pyi").read_text())
    return {alias.asname: f"{node.module}.{alias.name}" for node in tree.body for alias in node.names}


def test_the_stub_shows_the_same_names_from_the_same_places():
    lazy = {name: f"{module}.{name}" for name, module in klods._WHERE.items()}
    assert stub_names() == lazy | {"__version__": "klods._version.__version__"}


@pytest.mark.parametrize("name", sorted(LAZY))
def test_a_name_can_be_had(name):
    assert getattr(klods, name) is getattr(sys.modules[klods._WHERE[name]], name)


def test_dir_and_all_show_every_name():
    assert set(dir(klods)) >= LAZY
    assert set(klods.__all__) == LAZY | {"__version__"}


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        klods.no_such_name  # noqa: B018


def test_importing_the_package_loads_nothing_of_the_host():
    code = "import klods, sys; print(*(name for name in sys.modules if name.startswith('klods')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()) == {"klods", "klods._version"}
