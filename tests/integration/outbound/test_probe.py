"""Unknown module code runs in a child first: whatever it does there is an answer here."""

from pathlib import Path

import pytest
from support.waiting import HANGS_AFTER_SECONDS, until

from klods.db.embedded.postmaster import is_running
from klods.errors import PartFailed
from klods.kernel.catalog import Source
from klods.kernel.definition import FrontendType
from klods.outbound.probe import ChildProbe


@pytest.fixture
def probe(tmp_path):
    return ChildProbe(tmp_path / "cache", seconds=HANGS_AFTER_SECONDS)


@pytest.fixture
def module(tmp_path):
    def make(text: str, path: str = "definition.py", code: str = "probed") -> Source:
        file = tmp_path / code / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return Source(code, tmp_path / code, f"klods.modules.{code}")

    return make


DEFINITION = """
from klods import FrontendType, ModuleDefinition
print("modules print things")
probed = ModuleDefinition(code="probed", name="Probed", requires=["other>=1.2"],
    menu_items={FrontendType.ADMIN: ["probed-list"]}, default_config={"a": [1, None]}, on_enable=lambda platform: None)
"""


def test_a_definition_comes_back_as_the_value_it_was(probe, module):
    definition = probe.read(module(DEFINITION))
    assert [str(needed) for needed in definition.requires] == ["other>=1.2"]
    assert definition.menu_items[FrontendType.ADMIN][0].id == "probed-list"
    assert definition.default_config == {"a": [1, None]}
    assert definition.on_enable is None


def test_the_same_content_is_not_run_twice(probe, module, tmp_path):
    source = module(DEFINITION + f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\n")
    assert probe.read(source) == probe.read(source)
    assert (tmp_path / "ran").read_text() == "x"


def test_changed_content_is_run_again(probe, module):
    probe.read(module(DEFINITION))
    assert probe.read(module(DEFINITION.replace('"Probed"', '"New"'))).name == "New"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_thing", "no_such_thing"),
        ("x = (", "SyntaxError"),
        ("raise SystemExit(3)", "exit 3"),
        ("import os; os._exit(7)", "status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os, sys; os.write(2, b'last words\\n'); os._exit(0)", "status 0"),
        ("value = 1", "ModuleDefinition"),
        (DEFINITION.replace('"Probed"', '"P" * 2**21'), "more than 1024 KiB"),
        (
            "import os, sys\nfor _ in range(40): os.write(2, b'x' * 2**20)\nos.write(2, b'\\nlast words\\n')\nos._exit(3)",
            "last",
        ),
    ],
)
def test_a_definition_that_cannot_be_run_gives_the_reason(probe, module, text, reason):
    with pytest.raises(PartFailed, match=reason):
        probe.read(module(text))


def test_an_endless_definition_is_given_up(tmp_path, module):
    with pytest.raises(PartFailed, match=r"within 0\.5 seconds"):
        ChildProbe(tmp_path / "cache", seconds=0.5).read(module("while True: pass"))


def test_an_endless_definition_is_not_waited_for_again_until_it_changes_or_time_has_passed(tmp_path, module):
    endless = f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\nwhile True: pass"
    for believed, ran in ((60, "x"), (60, "x"), (0, "xx")):
        with pytest.raises(PartFailed, match=r"within 1 seconds"):
            ChildProbe(tmp_path / "cache", seconds=1, believed=believed).read(module(endless))
        assert (tmp_path / "ran").read_text() == ran
    assert ChildProbe(tmp_path / "cache", seconds=HANGS_AFTER_SECONDS).read(module(DEFINITION)).name == "Probed"


def test_a_definition_that_fails_at_once_is_tried_again(probe, module, tmp_path):
    text = f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\nimport nobody_has_this"
    for _ in range(2):
        with pytest.raises(PartFailed):
            probe.read(module(text))
    assert (tmp_path / "ran").read_text() == "xx"


def test_what_a_definition_started_ends_with_it(probe, module, tmp_path):
    left = tmp_path / "left"
    starts = f"import subprocess; open({str(left)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    probe.read(module(starts + DEFINITION))
    until(lambda: not is_running(int(left.read_text())))


def test_a_thread_that_a_module_leaves_behind_does_not_hold_the_answer_up(probe, module):
    endless = "import threading, time\nthreading.Thread(target=lambda: time.sleep(600)).start()\n"
    assert probe.read(module(endless + DEFINITION)).code == "probed"


def test_a_broken_part_is_named_with_its_file_and_line(probe, module):
    with pytest.raises(PartFailed) as failed:
        probe.try_parts(module("\n\nimport no_such_thing", "backend/router.py"), [])
    assert failed.value.data["where"] == "backend/router.py:3"


def test_parts_may_use_what_a_needed_module_offers(probe, module):
    needed = module("VALUE = 1", "api.py", code="needed")
    user = module("from klods.modules.needed.api import VALUE\nfrom fastapi import APIRouter\nrouter = APIRouter()",
                  "backend/router.py")  # fmt: skip
    probe.try_parts(user, [needed])
    with pytest.raises(PartFailed, match="needed"):
        probe.try_parts(user, [])


def test_a_large_definition_does_not_get_stuck_on_its_way(probe, module):
    features = ", ".join(f"'feature_{number:06}'" for number in range(20_000))
    text = f"from klods import ModuleDefinition\nd = ModuleDefinition(code='probed', name='P', features=[{features}])"
    assert len(probe.read(module(text)).features) == 20_000


def test_the_cache_is_private(probe, module, tmp_path):
    probe.read(module(DEFINITION))
    assert Path(tmp_path / "cache").stat().st_mode & 0o077 == 0
