import json

import pytest

from klods.cli.main import main


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KLODS_HOME", str(tmp_path / "home"))
    assert main(["module", "create", "shop", "Sells things"]) == 0
    return tmp_path / "modules" / "shop"


def test_a_new_modules_texts_are_whole_in_every_language(shop, capsys):
    capsys.readouterr()
    assert main(["i18n", "check", "--json"]) == 0, capsys.readouterr().out
    assert json.loads(capsys.readouterr().out)["problems"] == []


def test_missing_texts_are_found_added_and_offered_for_translation(shop, capsys):
    page = next((shop / "templates").rglob("*.html"))
    page.write_text(page.read_text() + '{# #}{{ t("offers.lead") }}\n')
    assert main(["i18n", "check", "shop"]) == 1
    assert "offers.lead" in capsys.readouterr().out
    english = json.loads((shop / "locales/en.json").read_text())
    assert main(["i18n", "extract", "shop", "--locale", "de"]) == 0
    assert json.loads((shop / "locales/en.json").read_text()) == english | {"offers": {"lead": "offers.lead"}}
    german = json.loads((shop / "locales/de.json").read_text())
    assert german.keys() == json.loads((shop / "locales/en.json").read_text()).keys()
    capsys.readouterr()
    assert main(["i18n", "extract", "shop", "--locale", "de"]) == 0
    assert capsys.readouterr().out == "There is nothing to add.\n"


def test_a_language_or_a_module_that_cannot_be_is_refused(shop):
    assert main(["i18n", "extract", "shop", "--locale", "../x"]) == 2
    assert main(["i18n", "check", "nothing"]) == 4
