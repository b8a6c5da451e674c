import json

import pytest

from klods.cli.main import main

BROKEN = {
    "backend/router.py": ("def (:\n", "invalid syntax", "backend/router.py", 1),
    "module.json": ('{\n  "code": "x",,\n}', "not valid JSON", "module.json", 2),
    "definition.py": ("import nobody_has_this\n", "nobody_has_this", "definition.py", 1),
    "locales/da.json": ("{", "not valid JSON", "locales/da.json", 1),
    "migrations/first.sql": ("SELECT 1;", "no number", "migrations/first.sql", 1),
    "001_init.sql": ("SELECT 1;", "not looked for here", "001_init.sql", 0),
}


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.setenv("KLODS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KLODS_MODULES_DIR", str(tmp_path / "modules"))
    return tmp_path / "modules"


def klods(*arguments):
    return main(["module", *arguments])


def checked(capsys, *codes):
    exit_code = klods("check", *codes, "--json")
    return exit_code, json.loads(capsys.readouterr().out)["problems"]


@pytest.mark.parametrize("template", ["basic", "full"])
def test_a_new_module_has_no_problem(modules, capsys, template):
    for code in ("invoice", "dev-tools", "invoice_scanner"):
        assert klods("create", code, "X", "--template", template) == 0
    assert klods("check") == 0
    assert "3 modules checked: 0 errors, 0 warnings." in capsys.readouterr().out


@pytest.mark.parametrize("path", BROKEN)
def test_a_problem_is_named_with_its_module_file_and_line(modules, capsys, path):
    text, message, file, line = BROKEN[path]
    klods("create", "x", "X")
    (modules / "x" / path).write_text(text)
    capsys.readouterr()
    exit_code, problems = checked(capsys)
    assert exit_code == 1
    assert [(it["module"], it["severity"]) for it in problems if message in it["message"]] == [("x", "error")]
    assert [(it["file"], it["line"]) for it in problems if message in it["message"]] == [
        (str(modules / "x" / file), line)
    ]


def test_all_problems_of_all_modules_are_told_at_once(modules, capsys):
    for number, (path, (text, *_)) in enumerate(BROKEN.items()):
        klods("create", f"m{number}", "X")
        (modules / f"m{number}" / path).write_text(text)
    capsys.readouterr()
    _, problems = checked(capsys)
    assert {it["module"] for it in problems if it["severity"] == "error"} == {
        f"m{number}" for number in range(len(BROKEN))
    }


def test_only_the_modules_that_were_named_are_reported(modules, capsys):
    for code in ("good", "bad"):
        klods("create", code, "X")
    (modules / "bad" / "router.py").touch()
    capsys.readouterr()
    assert checked(capsys, "good") == (0, [])
    assert checked(capsys, "bad")[0] == 1
    assert klods("check", "nobody") == 4


def test_a_warning_alone_is_no_failure(modules, capsys):
    klods("create", "x", "X")
    (modules / "x" / "locales" / "notes.yaml").touch()
    capsys.readouterr()
    exit_code, problems = checked(capsys)
    assert (exit_code, [it["severity"] for it in problems]) == (0, ["warning"])


def test_people_read_place_and_advice_under_each_problem(modules, capsys, monkeypatch):
    klods("create", "x", "X")
    (modules / "x" / "router.py").touch()
    monkeypatch.chdir(modules.parent)
    capsys.readouterr()
    assert klods("check") == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    at = lines.index("error    router.py is not looked for here")
    assert lines[at + 1 : at + 3] == ["modules/x/router.py", "Move it to backend/router.py."]


def test_no_module_is_no_problem(modules, capsys):
    assert klods("check") == 0
