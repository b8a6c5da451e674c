import re
from pathlib import Path

import pytest

from klods.kernel.i18n import LOCALES, comparable, read_texts
from klods.web.pages.sources import WEB

TEXTS = read_texts(WEB / "locales")
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def test_every_language_is_there_and_readable():
    assert set(TEXTS.catalogs) == set(LOCALES)
    assert TEXTS.unreadable == ()


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_every_language_says_exactly_what_english_says(locale):
    assert comparable(TEXTS.catalogs[locale]) == comparable(TEXTS.catalogs["en"])


@pytest.mark.parametrize("locale", LOCALES)
def test_translations_keep_the_placeholders(locale):
    english, other = TEXTS.catalogs["en"], TEXTS.catalogs[locale]
    assert {key: set(PLACEHOLDER.findall(other[key])) for key in comparable(english)} == {
        key: set(PLACEHOLDER.findall(english[key])) for key in comparable(english)
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_a_plural_has_every_form_that_its_language_tells_apart(locale):
    from babel import Locale

    wanted = {*Locale.parse(locale).plural_form.rules, "other"}
    texts = TEXTS.catalogs[locale]
    stems = {key.removesuffix(".other") for key in texts if key.endswith(".other")}
    assert {stem: {form for form in wanted if f"{stem}.{form}" not in texts} for stem in stems} == {
        stem: set() for stem in stems
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_no_way_out_of_a_plan_is_called_as_what_it_does(locale):
    said = {key: TEXTS.catalogs[locale][f"plan.{key}"] for key in ("cancel", "undo", "disable", "uninstall", "hold")}
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_templates_ask_for_texts_that_exist(template: Path):
    asked = set(re.findall(r"""\b(?:host_)?t\(\s*["']([\w.]+)["']\s*[,)]""", template.read_text()))
    assert asked - {key.removesuffix(".other") for key in TEXTS.catalogs["en"]} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_templates_hold_no_inline_script_or_style(template: Path):
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_templates_name_no_other_host(template: Path):
    assert "://" not in template.read_text()
