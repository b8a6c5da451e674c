import json

import click
import pytest

from klods import errors
from klods.cli.errors import exit_code, run
from klods.cli.main import main


def command_that(action):
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    @click.argument("rest", nargs=-1)
    def command(as_json, rest):
        return action()

    return command


def raising(error):
    def action():
        raise error

    return command_that(action)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoSuchModule(module="x"), 4),
        (errors.InvalidSettings(reason="x"), 2),
        (errors.StalePlan(), 3),
        (errors.NotAllowed(), 3),
        (errors.NoScope(), 1),
        (errors.CommitFailed(reason="x"), 1),
        (errors.NoDatabase(reason="x"), 5),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_each_family_of_errors_has_its_exit_code(error, code):
    assert run(raising(error), []) == exit_code(error) == code


def test_an_error_says_what_happened_and_what_to_do_and_shows_no_traceback(capsys):
    run(raising(errors.NoSuchModule(module="ghost")), [])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Error: There is no module named ghost.",
        "Hint: `klods module list` shows the modules that were found.",
    ]


def test_with_json_an_error_is_json_and_the_answer_stays_empty(capsys):
    run(raising(errors.NoSuchModule(module="ghost")), ["--json"])
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err) == {
        "error": "no_such_module",
        "message": "There is no module named ghost.",
        "hint": "`klods module list` shows the modules that were found.",
        "data": {"module": "ghost"},
    }


def test_what_stands_after_two_dashes_belongs_to_another_program(capsys):
    run(raising(errors.StalePlan()), ["--", "--json"])
    assert capsys.readouterr().err.startswith("Error: ")


def test_wrong_usage_is_json_too_when_asked(capsys):
    assert main(["module", "enable", "--json"]) == 2
    body = json.loads(capsys.readouterr().err)
    assert body["error"] == "usage"
    assert "CODE" in body["message"]


def test_an_unknown_command_suggests_the_nearest(capsys):
    assert main(["modul"]) == 2
    assert "Did you mean 'module'?" in capsys.readouterr().err


def test_a_command_may_choose_its_exit_code():
    assert run(command_that(lambda: 3), []) == 3
    assert run(command_that(lambda: None), []) == 0
    assert run(command_that(lambda: True), []) == 0


def test_an_interrupt_ends_quietly(capsys):
    assert run(raising(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr().err.strip() == ""


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()), [])


def test_the_help_tells_the_exit_codes(capsys):
    assert main(["--help"]) == 0
    assert "4 not found" in capsys.readouterr().out


def test_a_wrong_setting_is_named_by_its_variable(capsys, monkeypatch):
    monkeypatch.setenv("KLODS_POOL_SIZE", "many")
    monkeypatch.setenv("MODULES_AUTO_RELOAD", "perhaps")
    assert main(["module", "list"]) == 2
    said = capsys.readouterr().err
    assert "KLODS_POOL_SIZE" in said
    assert "MODULES_AUTO_RELOAD" in said


def test_an_argument_that_is_no_text_is_wrong_usage_and_no_fault_of_the_program(capsys):
    def store():
        return "\udcff".encode()

    assert run(command_that(store), ["\udcff\udcfe"]) == 2
    assert "UTF-8" in capsys.readouterr().err
    with pytest.raises(UnicodeEncodeError):
        run(command_that(store), ["fine"])
