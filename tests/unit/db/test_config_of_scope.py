"""`get_module_config` as module code calls it: beside the environment it knows the modules of the scope it runs in."""

from dataclasses import replace
from pathlib import Path

import pytest

import klods
from klods.db.database import Database
from klods.db.scope import Scope, enter
from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition


@pytest.fixture
def scope(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    definition = ModuleDefinition(
        code="test_module", name="T", read_only=False, default_config={"api_key": "theirs", "rows": 25}
    )
    module = Module(definition, Source("test_module", Path(tmp_path), "klods.modules.test_module"))
    return Scope(Database("dbname=nothing"), "test_module", catalog={"test_module": module})


def test_code_of_a_module_reads_its_switches_and_defaults_as_texts(scope):
    with enter(scope):
        assert klods.get_module_config("test_module", "READ_ONLY", default="true") == "false"
        assert klods.get_module_config("test_module", "DRY_RUN", default="false") == "true"
        assert klods.get_module_config("test_module", "rows", default="10") == "25"
        assert klods.get_module_config("test_module", "API_KEY") == "theirs"


@pytest.mark.parametrize("runs", [{"read_only": True}, {"dry": True}, {}])
def test_inside_a_request_the_switches_say_how_that_request_runs(scope, monkeypatch, runs):
    monkeypatch.setenv("MODULES__TEST_MODULE__DRY_RUN", "true")
    request = replace(scope, judged=True, **runs)
    with enter(request):
        read_only = str(request.read_only).lower()
        assert klods.get_module_config("test_module", "READ_ONLY", default="true") == read_only
        assert klods.get_module_config("test_module", "DRY_RUN") is request.dry
        assert klods.get_module_config("test_module", "API_KEY") == "theirs"


def test_the_environment_covers_what_the_definition_says(scope, monkeypatch):
    monkeypatch.setenv("MODULES__TEST_MODULE__API_KEY", "ours")
    monkeypatch.setenv("MODULES__TEST_MODULE__READ_ONLY", "True")
    with enter(scope):
        assert klods.get_module_config("test_module", "API_KEY") == "ours"
        assert klods.get_module_config("test_module", "READ_ONLY", default="true") == "true"


def test_a_scope_that_has_ended_still_knows_its_modules(scope):
    with enter(scope):
        scope.end(keep=True)
        assert klods.get_module_config("test_module", "API_KEY") == "theirs"


def test_without_a_scope_the_environment_alone_is_asked(scope, monkeypatch):
    monkeypatch.setenv("MODULES__TEST_MODULE__API_KEY", "ours")
    assert klods.get_module_config("test_module", "API_KEY") == "ours"
    assert klods.get_module_config("test_module", "READ_ONLY", default="true") == "true"
