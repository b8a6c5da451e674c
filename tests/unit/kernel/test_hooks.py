"""Whose files a hook is made of, and that what is serving meanwhile notices nothing of it."""

import sys
from dataclasses import replace
from importlib import import_module

import pytest

from klods.errors import HookFailed
from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.plan import Action
from klods.kernel.world import load_live
from klods.testing.memory import MemoryHub


@pytest.fixture
def shelf(tmp_path):
    """A hub whose modules stand in folders that tests write, approved under the hash that they set."""

    def put(files: dict[str, str], code: str = "a", version: str = "own", **fields: object) -> Source:
        folder = tmp_path / code / version
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        source = Source(code, folder, f"klods.modules.{code}")
        it.catalog = Catalog([*it.catalog.values(), Module(ModuleDefinition(code=code, name=code, **fields), source)])
        it.contents.hashes[code] = version
        return source

    it = MemoryHub(Catalog(), revisions={})
    it.put = put
    it.contents.approved = lambda module, version: replace(module.source, folder=tmp_path / module.code / version)
    it.lifecycle = replace(it.lifecycle, load=load_live)
    return it


def enable(hub: MemoryHub, code: str = "a") -> None:
    hub.lifecycle.apply(hub.lifecycle.plan(Action.ENABLE, code, 1), actor="test")


def test_hooks_come_out_of_the_approved_folder_and_not_out_of_the_module_s_own(shelf):
    for version in ("approved", "own"):
        shelf.put(
            {"definition.py": f"def on_enable(platform):\n    raise RuntimeError({version!r})\n"}, version=version
        )
    shelf.contents.hashes["a"] = "approved"
    with pytest.raises(HookFailed, match=r"RuntimeError: approved \(definition.py:2\)"):
        enable(shelf)


def test_new_content_that_fails_does_not_disturb_the_old_content_that_is_serving(shelf):
    old = shelf.put({"words.py": "said = 'old'", "later.py": "from .words import said"}, version="old")
    hook = "from klods.modules.a.words import said\ndef on_enable(platform):\n    from .words import said\n    raise {}(said)"
    with ModuleImporter() as importer:
        importer.mount(old)
        serving = import_module("klods.modules.a.words")
        new = shelf.put({"words.py": "said = 'new'", "definition.py": hook.format("RuntimeError")}, version="new")
        with pytest.raises(HookFailed, match="RuntimeError: new"):
            enable(shelf)
        assert importer.mounted(new.package) == old.folder
        assert sys.modules["klods.modules.a.words"] is serving
        assert import_module("klods.modules.a.later").said == "old"


def test_a_hook_may_use_what_its_module_requires_wherever_it_runs(shelf):
    shelf.put(
        {
            "api.py": "def answer():\n    from klods.modules.b.facts import fact\n    return fact",
            "facts.py": "fact = 42",
        },
        "b",
    )
    shelf.put(
        {
            "definition.py": "def on_enable(platform):\n    from klods.modules.b.api import answer\n    raise ValueError(answer())"
        },
        requires=("b",),
    )
    enable(shelf, "b")
    with pytest.raises(HookFailed, match="ValueError: 42"):
        enable(shelf, "a")


def test_nothing_of_a_hook_stays_loaded(shelf):
    shelf.put({"definition.py": "from . import more\ndef on_enable(platform): ...", "more.py": ""})
    before = list(sys.meta_path)
    enable(shelf)
    assert sys.meta_path == before
    assert [name for name in sys.modules if name.startswith("klods.modules.a")] == []
