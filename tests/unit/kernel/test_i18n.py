import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from klods.kernel.i18n import Texts, choose_locale, comparable, fill, flatten, read_texts

HOST = Texts({"en": {"save": "Save", "back": "Back"}, "da": {"save": "Gem"}})


def test_a_text_is_taken_from_the_locale_that_is_asked_for():
    assert HOST.text("da", "save") == "Gem"


def test_what_a_locale_lacks_is_said_in_english():
    assert HOST.text("da", "back") == "Back"


def test_what_nobody_has_is_said_as_its_key():
    assert HOST.text("da", "no.such.key") == "no.such.key"


def test_a_module_falls_back_on_the_texts_of_the_host():
    module = Texts({"en": {"title": "Scanner"}}, below=HOST)
    assert (module.text("da", "save"), module.text("da", "title")) == ("Gem", "Scanner")


def test_a_module_says_its_own_english_before_the_hosts_danish():
    module = Texts({"en": {"save": "Store the scan"}}, below=HOST)
    assert module.text("da", "save") == "Store the scan"


def test_unknown_placeholders_and_stray_braces_stay_as_they_are():
    assert fill("{a} of {b} {} {c!r} }{", {"a": 1}) == "1 of {b} {} {c!r} }{"


def test_a_placeholder_reaches_no_attribute_of_a_value():
    assert fill("{a.__class__}", {"a": 1}) == "{a.__class__}"


@given(some.text(), some.dictionaries(some.text(), some.text()))
def test_filling_in_never_fails(text, values):
    assert isinstance(fill(text, values), str)


@pytest.mark.parametrize(
    ("locale", "count", "said"),
    [("en", 1, "1 row"), ("en", 0, "0 rows"), ("ru", 1, "1 строка"), ("ru", 3, "3 строки"), ("ru", 11, "11 строк")],
)
def test_a_number_chooses_the_form_that_its_language_has_for_it(locale, count, said):
    english = {"rows.one": "{count} row", "rows.other": "{count} rows"}
    russian = {"rows.one": "{count} строка", "rows.few": "{count} строки", "rows.many": "{count} строк"}
    module = Texts({}, below=Texts({"en": english, "ru": russian | {"rows.other": "{count} строки"}}))
    assert module.text(locale, "rows", {"count": count}) == said


def test_a_language_without_a_plural_borrows_the_english_one():
    assert Texts({"en": {"rows.one": "one", "rows.other": "many"}}).text("da", "rows", {"count": 1}) == "one"


def test_languages_agree_when_their_plurals_have_other_forms():
    assert comparable(["a.one", "a.other", "b"]) == comparable(["a.few", "a.many", "a.other", "b"])
    assert comparable(["state.one"]) == {"state.one"}


def test_nested_objects_become_dotted_keys():
    assert flatten({"list": {"empty": "Nothing", "page": {"next": "Next"}}}) == {
        "list.empty": "Nothing",
        "list.page.next": "Next",
    }


@pytest.mark.parametrize("tree", [[], "text", {"a": 1}, {"a": {"b": None}}])
def test_what_is_not_a_tree_of_texts_is_refused(tree):
    with pytest.raises(TypeError):
        flatten(tree)


def test_a_broken_file_costs_its_own_texts_only(tmp_path):
    (tmp_path / "en.json").write_text(json.dumps({"title": "Scanner"}))
    (tmp_path / "da.json").write_text("{ not json")
    texts = read_texts(tmp_path)
    assert texts.text("da", "title") == "Scanner"
    assert texts.unreadable == (tmp_path / "da.json",)


def test_a_missing_folder_holds_no_texts(tmp_path):
    assert read_texts(tmp_path / "locales").catalogs == {}


@pytest.mark.parametrize(
    ("chosen", "header", "locale"),
    [
        ("da", "ru", "da"),
        ("xx", "ru-RU,ru;q=0.9,en;q=0.5", "ru"),
        ("", "de-DE, da;q=0.4, en;q=0.8", "en"),
        ("", "da;q=0, ru;q=0.1", "ru"),
        ("", "fr, de", "en"),
        ("", "", "en"),
        ("", "*;q=, ;;;, da-", "da"),
    ],
)
def test_a_stored_choice_comes_before_what_the_browser_prefers(chosen, header, locale):
    assert choose_locale(chosen, header) == locale


@given(some.text())
def test_any_header_gives_a_locale_that_exists(header):
    assert choose_locale("", header) in {"en", "da", "ru"}
