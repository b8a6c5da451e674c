"""What the plugin for test runs does with long tests and with skips."""

import os
import subprocess
import sys

import pytest
from support.tree import ROOT

SAMPLE = """
import pytest

def test_passes():
    pass

@pytest.mark.long
def test_takes_long():
    pass

@pytest.mark.xfail(reason="known")
def test_is_known_to_fail():
    assert False
"""
SKIPS = """
import pytest

def test_needs_a_browser():
    pytest.skip("there is no browser")
"""
SKIPS_A_FILE = """
import pytest

pytest.skip("there is no browser", allow_module_level=True)
"""
SKIPS_ELSEWHERE = """
import pytest

@pytest.mark.skipif(True, reason="only on macOS")
def test_of_another_system():
    pass
"""


@pytest.fixture
def outcome(tmp_path):
    def run(text, **environment):
        (tmp_path / "test_sample.py").write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = long: x\n")
        foreign = ("PYTEST_", "CI", "KLODS_")
        known = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "support.ci", "-p", "no:cacheprovider"],
            cwd=tmp_path, env=known | {"PYTHONPATH": str(ROOT / "tests"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.splitlines()[-1].partition(" in ")[0]

    return run


def test_long_tests_are_left_out(outcome):
    assert outcome(SAMPLE) == (0, "1 passed, 1 deselected, 1 xfailed")


def test_long_tests_run_when_asked_for(outcome):
    assert outcome(SAMPLE, KLODS_LONG="1") == (0, "2 passed, 1 xfailed")


def test_a_skip_is_a_skip_on_somebodys_machine(outcome):
    assert outcome(SKIPS) == (0, "1 skipped")


@pytest.mark.parametrize("text", [SKIPS, SKIPS_A_FILE], ids=["a test", "a file"])
def test_a_skip_is_a_failure_where_everything_is_installed(outcome, text):
    status, summary = outcome(text, CI="true")
    assert status != 0
    assert "skipped" not in summary


def test_a_test_for_another_system_may_be_skipped_anywhere(outcome):
    assert outcome(SKIPS_ELSEWHERE, CI="true") == (0, "1 skipped")


def test_an_expected_failure_is_no_skip(outcome):
    assert outcome(SAMPLE, CI="true")[0] == 0
