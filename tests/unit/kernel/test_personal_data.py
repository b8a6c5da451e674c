"""Asking everybody about a person, with modules that exist on paper only."""

from types import SimpleNamespace

import pytest

from klods.errors import NotAsked, NotSent
from klods.kernel.catalog import Module, Source
from klods.kernel.changes import Changes, Outgoing
from klods.kernel.definition import ModuleDefinition
from klods.kernel.person_reports import Erased, Reach, export_data, reach_of
from klods.kernel.personal import Kept, Retention
from klods.kernel.personal_data import Answer, PersonalData
from klods.kernel.platforms import DEFAULT, Platform
from klods.kernel.retaining import RetentionRules
from klods.kernel.state import Activation, Active, States, StoredSwitches
from klods.kernel.subject import Subject
from klods.kernel.switches import Mode

SHOP = Platform(2, "shop", "Shop")
REACH = Reach((DEFAULT,))
DELETED = Changes({"crm_people": (0, 0, 2)}, outgoing=(Outgoing("http", "POST", "x"), Outgoing("file", "delete", "y")))


class Asked:
    """Answers as the test says, by mode, and remembers what it was asked."""

    def __init__(self, **answers):
        self.answers, self.modes = answers, []

    def ask(self, errand):
        self.modes.append(errand.mode)
        answer = self.answers.get(errand.mode.value, Answer())
        if isinstance(answer, Exception):
            raise answer
        return answer


class NobodyHere:
    """A hub that holds nothing about anybody."""

    def __init__(self):
        self.notes = {}

    def user_ids(self, email, platform_id):
        return (platform_id,)

    def export(self, email, reach):
        return {}

    def preview(self, email, reach):
        return Erased()

    def erase(self, email, reach, notes, *, actor):
        self.notes = notes
        return Erased()

    def note_export(self, notes, *, actor):
        self.notes = notes


def module_in(folder, **fields):
    (folder / "definition.py").write_text("from .people import export_person, erase_person")
    definition = ModuleDefinition(code="crm", name="CRM", **{"read_only": False, "dry_run": False} | fields)
    return Module(definition, Source("crm", folder, "klods.modules.crm"))


def states_of(*platforms, active=Active.ENABLED):
    rows = {("crm", it): Activation("crm", it, active) for it in platforms}
    return SimpleNamespace(read=lambda: States(activations=rows))


def asking(folder, asker, *platforms):
    return PersonalData(
        host=NobodyHere(),
        asker=asker,
        states=states_of(*platforms or (1,)),
        running=lambda states: {"crm": module_in(folder)},
        source=lambda code, content: None,
        tables=SimpleNamespace(archives=tuple),
    )


def test_an_erasure_is_tried_before_it_is_done_and_counts_what_the_trial_counted(tmp_path):
    asker = Asked(dry=Answer(changes=DELETED), live=Answer(kept=(Kept("invoices", 1, "the law"),)))
    data = asking(tmp_path, asker)
    _, crm = data.erase("karen@example.com", REACH, actor="test").sections
    assert asker.modes == [Mode.DRY, Mode.LIVE]
    assert crm.changes == {"crm_people": (0, 0, 2), "http": (1, 0, 0), "file": (0, 0, 1)}
    assert (crm.kept[0].what, data.host.notes) == ("invoices", {1: "crm: 4 rows"})


def test_what_only_a_dry_run_cannot_send_keeps_nothing_from_being_erased(tmp_path):
    asker = Asked(dry=NotSent(method="POST", url="https://example.com", module="crm"))
    data = asking(tmp_path, asker)
    assert data.erase("karen@example.com", REACH, actor="test").is_complete
    assert asker.modes == [Mode.DRY, Mode.LIVE]
    assert data.preview("karen@example.com", REACH).unanswered[0].problem.code == "not_sent"


def test_what_fails_in_the_trial_is_not_tried_for_real(tmp_path):
    asker = Asked(dry=NotAsked(module="crm", reason="broken"))
    data = asking(tmp_path, asker)
    report = data.erase("karen@example.com", REACH, actor="test")
    assert (asker.modes, report.is_complete, data.host.notes) == ([Mode.DRY], False, {1: "crm: not erased"})


def test_what_is_handed_out_is_noted_by_its_size_and_what_is_looked_at_is_not(tmp_path):
    data = asking(tmp_path, Asked(read_only=Answer(found={"people": [{"name": "Karen"}, {"name": "K."}]})))
    data.look("karen@example.com", REACH)
    assert data.host.notes == {}
    data.export("karen@example.com", REACH, actor="test")
    assert data.host.notes == {1: "klods: 0 rows; crm: 2 rows"}


def test_a_module_that_has_nothing_to_do_with_people_after_all_is_left_out(tmp_path):
    data = asking(tmp_path, Asked(read_only=Answer(holds=False)))
    assert [it["module"] for it in export_data(data.look("karen@example.com", REACH))["sections"]] == ["klods"]


def test_a_module_is_asked_on_the_platforms_where_it_ever_was_enabled(tmp_path):
    asker = Asked()
    report = asking(tmp_path, asker, 2).look("karen@example.com", Reach((DEFAULT, SHOP)))
    assert [(it.module, it.platform) for it in report.sections] == [("klods", ""), ("crm", "shop")]


@pytest.mark.parametrize(
    ("everywhere", "is_everywhere", "known", "hub_wide"),
    [
        (False, True, (DEFAULT,), True),
        (False, True, (DEFAULT, SHOP), False),
        (True, True, (DEFAULT, SHOP), True),
        (False, False, (DEFAULT,), False),
    ],
)
def test_accounts_of_all_platforms_are_meant_when_no_platform_is_left_out(everywhere, is_everywhere, known, hub_wide):
    subject = Subject(1, "ada", is_everywhere=is_everywhere)
    assert reach_of(subject, known, DEFAULT, everywhere=everywhere).hub_wide is hub_wide


def test_a_rule_whose_rows_come_back_ends_all_the_same(tmp_path):
    notes = []
    store = SimpleNamespace(
        due=lambda code, rule, platform: 5,
        batch=lambda code, rule, platform: 2,
        note=lambda platform, what, *, actor: notes.append((platform, what)),
    )
    module = module_in(tmp_path, retention=[Retention("crm_visits", "at", 30)])
    (done,) = RetentionRules(store, states_of(1, active=Active.DISABLED), lambda states: {"crm": module}).apply(
        [DEFAULT, SHOP], actor="test"
    )
    assert (done.rows, notes) == (6, [(1, "crm_visits: 6 rows")])


def test_a_module_that_is_put_on_hold_meanwhile_is_let_alone_from_then_on(tmp_path):
    live, held = StoredSwitches("crm", 1, False, False), StoredSwitches("crm", 1, True, True)
    read = iter([live, live, live, held, held])
    rows = {("crm", 1): Activation("crm", 1, Active.ENABLED)}
    states = SimpleNamespace(read=lambda: States(activations=rows, switches={("crm", 1): next(read)}))
    store = SimpleNamespace(
        due=lambda code, rule, platform: 9,
        batch=lambda code, rule, platform: 2,
        note=lambda platform, what, *, actor: None,
    )
    module = module_in(tmp_path, retention=[Retention("crm_visits", "at", 30)])
    (done,) = RetentionRules(store, states, lambda states: {"crm": module}).apply([DEFAULT], actor="test")
    assert (done.rows, done.problem.code) == (4, "not_live_here")
