import pytest

from klods.kernel.collation import collation

SORTED = {
    "da": ["aber", "Carl", "Ole", "Yde", "Zebra", "Æble", "Ærø", "Øl", "Østergård", "Aabenraa", "Århus"],
    "en": ["Aabenraa", "Ærø", "Århus", "Carl", "Émile", "emilia", "Øl", "Straße", "strasser", "Zebra"],
    "ru": ["Адам", "ежевика", "Ёлка", "ель", "Иван", "йод", "Яков"],
}


@pytest.mark.parametrize("locale", SORTED)
def test_names_stand_as_the_language_has_them(locale):
    names = SORTED[locale]
    assert sorted(set(names), key=collation(locale).key) == names


def test_a_foreign_letter_stands_with_its_neighbour():
    danish = collation("da").key
    assert [danish(letter) for letter in ("ä", "Ö", "ü", "é")] == [danish(letter) for letter in ("æ", "ø", "y", "e")]


def test_a_language_nobody_knows_sorts_as_english_does():
    assert collation("fo") is collation("en")


def test_sql_holds_nothing_that_ends_a_text():
    for locale in SORTED:
        said = collation(locale).sql("x")
        assert said.count("'") % 4 == 0
        assert "%" not in said
