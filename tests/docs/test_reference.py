"""Reference pages say what the code says."""

import importlib.util
import re

import pytest
from support.tree import ROOT

from klods.kernel.manifest import KEYS
from klods.settings import Settings


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generator()


@pytest.mark.parametrize("name", sorted(GENERATE.PAGES))
def test_a_generated_page_is_up_to_date(name):
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == GENERATE.PAGES[name](), "run .venv/bin/python docs/generate.py"


def variables():
    """Every setting's variable with the field that holds it."""
    return {field.validation_alias or f"KLODS_{name.upper()}": field for name, field in Settings.model_fields.items()}


def test_every_setting_is_explained_for_people():
    explained = {name for name, _, _ in GENERATE.example_settings() if not name.startswith("MODULES__")}
    assert explained == set(variables()) - {"MODULES"}


def test_the_defaults_that_people_read_are_the_real_ones(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    shown = {name: default for name, default, _ in GENERATE.example_settings() if default}
    for name, default in shown.items():
        monkeypatch.setenv(name, default)
    explicit = Settings()
    for name in shown:
        monkeypatch.delenv(name)
    assert explicit == Settings()


def test_every_key_of_module_json_is_explained():
    page = (ROOT / "docs" / "reference" / "module-json.md").read_text()
    assert set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)) == set(KEYS)
