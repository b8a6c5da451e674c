"""Nothing happens on import: no file, socket, thread or process, no look at the environment, no settings made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.rounds import some
from support.tree import SOURCE, module_name, python_files

WATCH = (Path(__file__).parents[1] / "support" / "import_watch.py").read_text()
NAMES = [module_name(path) for path in python_files()]


def watch(tmp_path, names, *, path=SOURCE.parent):
    """Import the modules in a process with an empty environment and an empty folder; what happened meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(path), *names],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_every_module_does_nothing(tmp_path):
    assert watch(tmp_path, NAMES) == []
    assert [*tmp_path.iterdir()] == []


def test_any_module_may_be_the_first_to_be_imported(tmp_path):
    code = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [key for key in sys.modules if key.partition(".")[0] == "klods"]:
        del sys.modules[loaded]
    importlib.import_module(name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *some(NAMES, few=120, name="first-import")],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        ("import os; os.environ.get('HOME')", "environment"),
        ("import os; os.getenv('HOME')", "environment"),
        ("open('/etc/hostname').close()", "open"),
        ("from pathlib import Path; Path('/etc/hostname').read_text()", "open"),
        ("import socket; socket.socket().close()", "socket"),
        ("import threading; threading.Thread(target=print).start()", "thread"),
        ("import subprocess; subprocess.run(['true'])", "subprocess"),
        ("from klods.settings import Settings; made = Settings()", "settings"),
    ],
)
def test_the_watch_sees_what_it_shall_see(tmp_path, statement, seen):
    (tmp_path / "guilty").mkdir()
    (tmp_path / "guilty" / "__init__.py").write_text(statement)
    events = watch(tmp_path, ["guilty"], path=tmp_path)
    assert any(seen in event for event in events), events
