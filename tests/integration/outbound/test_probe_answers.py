"""What comes back from a child is data of a stranger, and so is what was kept of an earlier one."""

import pytest
from support.waiting import HANGS_AFTER_SECONDS

from klods.errors import PartFailed
from klods.kernel.catalog import Source
from klods.outbound.probe import ChildProbe

DEFINITION = "from klods import ModuleDefinition\nd = ModuleDefinition(code='probed', name='Probed')\n"
SAYS = """
import os
for number in range(3, 40):
    try:
        os.write(number, {!r})
    except OSError:
        continue
os._exit(0)
"""


@pytest.fixture
def source(tmp_path):
    (tmp_path / "probed").mkdir()
    return Source("probed", tmp_path / "probed", "klods.modules.probed")


@pytest.fixture
def probe(tmp_path):
    return ChildProbe(tmp_path / "cache", seconds=HANGS_AFTER_SECONDS)


@pytest.mark.parametrize(
    "answer",
    [
        b"junk",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b"\xff",
        b'{"failed": 1}',
        b'{"failed": {"self": 1}}',
        b'{"definition": 1}',
        b'{"definition": {"code": "probed", "colour": 1}}',
        b'{"definition": {"code": "probed", "name": "P", "menu_items": [1]}}',
    ],
)
def test_an_answer_that_makes_no_sense_is_a_fault_of_the_module(probe, source, answer):
    (source.folder / "definition.py").write_text(SAYS.format(answer))
    for _ in range(2):
        with pytest.raises(PartFailed) as failed:
            probe.read(source)
        assert failed.value.data["module"] == "probed"


def test_an_answer_cannot_say_that_another_module_is_at_fault(probe, source):
    (source.folder / "definition.py").write_text(SAYS.format(b'{"failed": {"module": "innocent", "reason": "x"}}'))
    with pytest.raises(PartFailed, match=r"^probed: "):
        probe.read(source)


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"code": "probed", "name": "Probed", "a_field_of_old": 1}'])
def test_what_was_kept_and_cannot_be_used_any_more_is_asked_for_again(probe, source, tmp_path, kept):
    (source.folder / "definition.py").write_text(DEFINITION)
    probe.read(source)
    [file] = (tmp_path / "cache").iterdir()
    file.write_text(kept)
    assert probe.read(source).name == "Probed"
