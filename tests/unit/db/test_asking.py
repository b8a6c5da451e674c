"""How a module is asked about a person where no server runs: in time, and with whatever it raises in words."""

import threading
from types import SimpleNamespace

import pytest
from support.waiting import HANGS_AFTER_SECONDS, sooner_than

from klods.db.people.asking import Around, HereAndNow, call_for, explained, within
from klods.errors import AnsweredTooLate, NoSuchFile, NotAsked, NotLive, NotSent
from klods.kernel.catalog import Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter
from klods.kernel.personal import Person
from klods.kernel.personal_data import Errand
from klods.kernel.switches import LIVE, Mode


def module_in(folder, text) -> Module:
    (folder / "definition.py").write_text(text)
    return Module(ModuleDefinition(code="crm", name="CRM"), Source("crm", folder, "klods.modules.crm"))


def asked(module, mode=Mode.READ_ONLY):
    with ModuleImporter() as importer:
        around = Around(None, {"crm": module}, lambda code, platform: True, lambda code, platform: LIVE)
        return HereAndNow(importer, lambda: around, 5).ask(Errand(module, 1, Person("a@example.com"), mode))


def test_whoever_does_not_answer_is_not_waited_for():
    may_end = threading.Event()
    with sooner_than(HANGS_AFTER_SECONDS), pytest.raises(AnsweredTooLate, match=r"within 0\.05 seconds"):
        within(lambda: may_end.wait(HANGS_AFTER_SECONDS), 0.05, "crm")
    may_end.set()


def test_an_error_of_the_call_is_its_own_also_when_it_is_about_time():
    def raises():
        raise TimeoutError("the other server")

    with pytest.raises(TimeoutError, match="the other server"):
        within(raises, 5, "crm")


def test_a_module_that_cannot_be_imported_or_ends_the_process_is_a_reason(tmp_path):
    with pytest.raises(NotAsked, match=r"ValueError: broken \(definition.py:2\)"):
        asked(module_in(tmp_path, "def export_person(person):\n    raise ValueError('broken')\n"))
    with pytest.raises(NotAsked, match="ended the process"):
        asked(module_in(tmp_path, "def export_person(person):\n    raise SystemExit(3)\n"))


def test_what_a_module_offers_decides_whether_it_is_asked(tmp_path):
    module = module_in(tmp_path, "def export_person(person): return {'it': [{'email': person.email}]}")
    assert asked(module).found == {"it": [{"email": "a@example.com"}]}
    with pytest.raises(NotAsked, match="has no erase_person"):
        asked(module, Mode.DRY)
    assert asked(module_in(tmp_path, "health_check = None")).holds is False


def test_the_log_of_an_error_has_no_values(tmp_path, caplog):
    module = module_in(tmp_path, "")
    error = explained(ValueError("karen@example.com"), module)
    assert "karen@example.com" in str(error)
    assert "karen" not in caplog.text
    assert "ValueError" in caplog.text


def test_an_error_that_names_its_module_stays_what_it_is(tmp_path):
    module = module_in(tmp_path, "")
    mine, others = NoSuchFile(module="crm", path="x"), NoSuchFile(module="shop", path="x")
    sent = NotSent(method="POST", url="https://example.com", module="crm")
    assert (explained(mine, module), explained(sent, module)) == (mine, sent)
    assert isinstance(explained(others, module), NotAsked)


def test_nothing_is_kept_when_a_module_that_was_called_keeps_nothing(tmp_path):
    errand = Errand(module_in(tmp_path, ""), 1, Person("a@example.com"), Mode.LIVE)
    definition = ModuleDefinition(code="crm", name="CRM", erase_person=lambda person: None)
    with pytest.raises(NotLive, match="billing is not live"):
        call_for(errand, definition, SimpleNamespace(undone={"billing"}))()
