"""What the page about pages shows works: the module that it describes passes the test that it shows."""

import re
import subprocess
import sys

import pytest
from support.served import Hub
from support.tree import ROOT

PAGE = ROOT / "docs" / "howto" / "build-pages.md"
NAMED = re.compile(r"`modules/(shop/[\w/.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.long
def test_the_module_of_the_examples_passes_its_test(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    hub = Hub(tmp_path)
    hub.klods("module", "create", "shop", "Shop")
    files = dict(NAMED.findall(text))
    assert len(files) == 8
    for name, content in files.items():
        (hub.modules / name).write_text(content, encoding="utf-8")
    test = hub.modules / "shop" / "tests" / "test_shop.py"
    test.write_text(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[-1], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", test],
        check=False, env=hub.environment, cwd=hub.folder, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "3 passed" in done.stdout
    assert hub.run("module", "check", "shop").returncode == 0
