"""A wall that checks nothing looks like a wall that holds: each contract must turn red for its fault."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.tree import ROOT, SOURCE

SAMPLE_MODULES = {
    "modules/customers/__init__.py": "",
    "modules/customers/definition.py": "",
    "modules/customers/api.py": "from klods.modules.customers import services\n",
    "modules/customers/services.py": "from klods.modules.customers import repository\n",
    "modules/customers/repository.py": "from klods.modules.customers import contracts\n",
    "modules/customers/client.py": "",
    "modules/customers/contracts.py": "",
    "modules/tickets/__init__.py": "",
    "modules/tickets/backend/__init__.py": "from klods.modules.tickets import services\n",
    "modules/tickets/services/__init__.py": "",
    "modules/tickets/services/opening.py": "from klods.modules.customers import api\n",
}

FAULTS = [
    ("down", "kernel/names.py", "import klods.db"),
    ("down", "utils/__init__.py", ""),
    ("down", "jobs/__init__.py", "import klods.web"),
    ("down", "errors/base.py", "import klods.settings"),
    ("down", "db/__init__.py", "def late():\n    from klods.outbound import approved"),
    ("acyclic", "kernel/names.py", "from klods.kernel import definition"),
    ("acyclic", "modules/customers/services.py", "from klods.modules.tickets import backend"),
    ("discovered", "bootstrap.py", "import klods.modules.customers"),
    ("discovered", "web/__init__.py", "import klods.modules.customers"),
    ("discovered", "cli/__init__.py", "def late():\n    import klods.modules.customers"),
    ("discovered", "jobs/__init__.py", "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import klods.modules.customers"),
    ("front-doors", "modules/tickets/services/opening.py", "from klods.modules.customers import repository"),
    ("front-doors", "modules/tickets/backend/__init__.py", "from klods.modules.customers import client"),
    ("inside", "modules/customers/repository.py", "from klods.modules.customers import services"),
    ("inside", "modules/customers/client.py", "from klods.modules.customers import services"),
    ("inside", "modules/customers/helpers.py", ""),
    ("pure-kernel", "kernel/names.py", "import sqlalchemy"),
    ("pure-kernel", "kernel/names.py", "def late():\n    import httpx2"),
    ("no-http-in-business", "modules/customers/services.py", "import klods.web"),
    ("no-http-in-business", "modules/tickets/services/opening.py", "import fastapi"),
]


def contracts():
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    return {name.split(":")[2]: rules[name]["name"] for name in rules.sections() if name.startswith("importlinter:c")}


@pytest.fixture(scope="module")
def sound_tree(tmp_path_factory):
    """The real package with two small business modules beside it, everything in its place."""
    root = tmp_path_factory.mktemp("sound")
    shutil.copy(ROOT / ".importlinter", root)
    unwanted = shutil.ignore_patterns("__pycache__", "modules", "templates", "static", "locales", "*.sql")
    shutil.copytree(SOURCE, root / "src" / "klods", ignore=unwanted)
    for name, text in {"modules/__init__.py": "", **SAMPLE_MODULES}.items():
        write(root, name, text)
    return root


@pytest.fixture
def tree(sound_tree, tmp_path):
    return Path(shutil.copytree(sound_tree, tmp_path / "tree"))


def write(root, name, text):
    path = root / "src" / "klods" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{text}\n", encoding="utf-8")


def lint(root, *options):
    linter = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    return subprocess.run(
        [linter, "--no-cache", *options], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_the_tree_keeps_every_contract():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_sample_tree_is_sound_without_a_fault(sound_tree):
    done = lint(sound_tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "file", "fault"), FAULTS, ids=lambda value: str(value).replace("\n", " ")[:60])
def test_a_fault_turns_its_contract_red(tree, contract, file, fault):
    write(tree, file, fault)
    done = lint(tree, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contracts()[contract]} BROKEN" in done.stdout


def test_every_contract_has_a_fault_that_it_must_find():
    assert {contract for contract, _, _ in FAULTS} == set(contracts())
