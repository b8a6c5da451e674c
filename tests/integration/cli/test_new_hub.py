"""A command in a folder without a hub says that it starts one; it may be the wrong folder."""

import os
import subprocess
import sys


def listing(folder):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "klods", "module", "list", "--json"]
    return subprocess.run(command, cwd=folder, env=kept, check=True, capture_output=True, text=True)


def test_a_hub_is_not_made_in_silence(tmp_path):
    tmp_path.chmod(0o755)
    first, second = listing(tmp_path), listing(tmp_path)
    assert str(tmp_path / ".klods") in first.stderr
    assert (first.stdout.strip(), second.stdout.strip()) == ("[]", "[]")
    assert "no hub here" not in second.stderr
