"""What documents print for people to type runs as printed, against a demo that was started for that document."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import documents
from support.demo import running_demo
from support.tree import ROOT, shown

NOT_RUN = {
    "scripts/demo": "started for every document before its other commands",
    "scripts/test": "would run this test again",
    "scripts/test --long": "would run this test again",
    "scripts/bootstrap test": "the environment these tests run in; tests/architecture/test_bootstrap.py tries it",
    "klods db restore hub.backup --yes": "needs a stopped hub; tests/integration/db tries it",
    "klods serve --host 127.0.0.1 --port 8000 --workers 4": "serves until it is stopped; tests/acceptance does it",
}
ACTIVATE = ". .venv/bin/activate"
PRINTED_ADDRESS = "http://127.0.0.1:8000"
# A refusal would be hidden otherwise: curl itself is content with any answer.
PRELUDE = 'curl() { command curl --silent --show-error --fail-with-body "$@"; }\n'

DOCUMENTS = [path for path in documents.documents() if documents.commands(path)]


@pytest.fixture
def place(tmp_path):
    """An empty folder that looks like a fresh copy after its bootstrap."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    return tmp_path


def run(commands, place, address):
    """Run the commands in one shell, as a reader would; stop at the first that fails."""
    lines = [f"echo '#' {number}\n{command.text}" for number, command in enumerate(commands)]
    script = PRELUDE + "\n".join(lines).replace(PRINTED_ADDRESS, address) + "\n"
    foreign = ("KLODS_", "DATABASE_URL", "PYTEST_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return subprocess.run(
        ["sh", "-euc", script], stdin=subprocess.DEVNULL, cwd=place, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_the_commands_of_a_document_run_as_printed(document: Path, place):
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    commands = [command for command in documents.commands(document) if command.text not in NOT_RUN]
    if not commands:
        return
    if "howto" in document.parts:
        commands.insert(0, documents.Command(shown(document), ACTIVATE))
    with running_demo(place) as address:
        done = run(commands, place, address)
    assert done.returncode == 0, done.stdout


def test_commands_that_are_not_run_still_stand_in_a_document():
    printed = {command.text for document in DOCUMENTS for command in documents.commands(document)}
    assert set(NOT_RUN) - printed <= {"scripts/test --long", "scripts/bootstrap test"}


def test_the_runner_notices_a_command_that_fails(tmp_path):
    commands = [documents.Command("x", "true"), documents.Command("x", "false"), documents.Command("x", "echo after")]
    done = run(commands, tmp_path, PRINTED_ADDRESS)
    assert done.returncode == 1
    assert "after" not in done.stdout
