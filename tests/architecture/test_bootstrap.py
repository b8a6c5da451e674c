"""scripts/bootstrap in the situations people meet, with stand-ins for uv and Python that write down what was asked."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from support.tree import ROOT

OLD = 'case "$*" in *version_info*) exit 1;; *--version*) echo "Python 3.9.2";; esac'
PYTHON = """
case "$*" in
  *version_info*) exit 0 ;;
  "-m pip --python .venv/bin/python --version") exit ${PIP_ABSENT:-0} ;;
  "-m pip --version"|"-m ensurepip") exit ${PIP_ABSENT:-0} ;;
  "-m venv --without-pip .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
esac
echo "$0 $*" >> "$ASKED"
"""
UV = """
echo "uv $*" >> "$ASKED"
case "$1" in venv) mkdir -p .venv/bin; cp "$HERE/python3" .venv/bin/python ;; esac
"""


class Place:
    """A copy of the scripts in a folder with a space in its name, and the programs that can be found."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my hub"
        self.programs = folder / "programs"
        self.asked = folder / "asked"
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        for name in ("pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.root)
        self.programs.mkdir()
        for tool in ("sh", "dirname", "cat", "cksum", "rm", "mkdir", "cp", "env"):
            (self.programs / tool).symlink_to(shutil.which(tool))
        self.program("python3", PYTHON)

    def program(self, name, text):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, *arguments, **environment):
        self.asked.write_text("")
        known = {"PATH": str(self.programs), "ASKED": str(self.asked), "HERE": str(self.programs)}
        return subprocess.run(
            [self.root / "scripts" / "bootstrap", *arguments],
            env=known | environment, cwd=self.root.parent, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def installs(self):
        return [line for line in self.asked.read_text().splitlines() if " install " in line]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_without_uv_the_outer_pip_fills_an_environment_without_pip(place):
    assert place.run().returncode == 0
    (install,) = place.installs()
    assert "-m pip --python .venv/bin/python" in install
    assert install.endswith("--constraint constraints.txt --editable .")


def test_with_uv_it_does_the_same_and_never_fetches_a_python(place):
    place.program("uv", UV + 'echo "downloads: $UV_PYTHON_DOWNLOADS" >> "$ASKED"')
    assert place.run().returncode == 0
    (install,) = place.installs()
    assert install.startswith("uv pip install")
    assert "downloads: never" in place.asked.read_text()


def test_test_tools_come_only_when_asked_for(place):
    place.run()
    assert not place.installs()[0].endswith("[test]")
    place.run("test")
    assert place.installs()[0].endswith("--editable .[test]")


def test_a_second_run_installs_nothing(place):
    place.run()
    place.run()
    assert place.installs() == []


def test_what_the_tests_need_is_enough_to_run(place):
    place.run("test")
    place.run()
    assert place.installs() == []


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_the_requirements_installs_again_even_if_the_file_looks_older(place, file):
    place.run()
    path = place.root / file
    path.write_text(path.read_text() + "\n# changed\n")
    os.utime(path, (0, 0))
    place.run()
    assert len(place.installs()) == 1


def test_an_interrupted_install_is_done_again(place):
    place.run()
    (place.root / ".venv" / ".klods-run").unlink()
    place.run()
    assert len(place.installs()) == 1


def test_an_environment_that_was_only_half_made_is_made_anew(place):
    (place.root / ".venv" / "bin").mkdir(parents=True)
    (place.root / ".venv" / "leftover").touch()
    assert place.run().returncode == 0
    assert not (place.root / ".venv" / "leftover").exists()
    assert len(place.installs()) == 1


def test_an_environment_whose_python_vanished_is_made_anew(place):
    place.run()
    python = place.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert place.run().returncode == 0
    assert len(place.installs()) == 1


def test_a_tree_that_was_moved_gets_a_new_environment(place):
    place.run()
    (place.root / ".venv" / "leftover").touch()
    place.root = place.root.rename(place.root.with_name("moved hub"))
    assert place.run().returncode == 0
    assert not (place.root / ".venv" / "leftover").exists()


def test_an_old_python_is_named_in_the_refusal(place):
    place.program("python3", OLD)
    done = place.run()
    assert done.returncode == 1
    assert "Klods needs Python 3.11 or later; python3 here is: Python 3.9.2" in done.stderr
    assert not (place.root / ".venv").exists()


def test_a_newer_python_beside_an_old_one_is_found(place):
    place.program("python3.12", PYTHON)
    place.program("python3", OLD)
    assert place.run().returncode == 0


def test_without_pip_and_uv_it_says_what_to_install(place):
    done = place.run(PIP_ABSENT="1")
    assert done.returncode == 1
    assert "apt-get install python3-pip" in done.stderr


def test_a_word_it_does_not_know_is_refused(place):
    done = place.run("tets")
    assert done.returncode == 2
    assert "usage" in done.stderr


@pytest.mark.parametrize("script", ["bootstrap", "demo", "test", "check"])
def test_the_scripts_are_plain_sh_and_may_be_executed(script):
    path = ROOT / "scripts" / script
    assert path.read_text().startswith("#!/bin/sh\n")
    assert os.access(path, os.X_OK)
    subprocess.run([shutil.which("dash") or "sh", "-n", path], check=True)
