"""The order of texts in a language, by one table for memory and for SQL: few servers know the same collations."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

EXPANSIONS = (("æ", "ae"), ("œ", "oe"), ("ß", "ss"), ("þ", "th"))
"""Letters that stand where two others do."""

STROKES = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "ŧ": "t", "ё": "е"}
"""Letters that stand where others do, though Unicode does not take them apart."""

AFTER_Z = {"æ": "{", "ä": "{", "ø": "|", "ö": "|", "ő": "|", "å": "}", "ü": "y", "ű": "y"}
"""The last letters of the Danish alphabet, as the characters that follow z; foreign ones stand with them."""


@dataclass(frozen=True)
class Collation:
    """How one language sorts: capitals and accents do not count, and every letter has its place."""

    expansions: tuple[tuple[str, str], ...]
    places: Mapping[str, str]

    def key(self, text: str) -> str:
        """What a text is compared by."""
        text = text.lower()
        for letter, instead in self.expansions:
            text = text.replace(letter, instead)
        return text.translate(self._table)

    def sql(self, text: str) -> str:
        """The same for an expression of SQL."""
        text = f"lower({text})"
        for letter, instead in self.expansions:
            text = f"replace({text}, '{letter}', '{instead}')"
        return f"translate({text}, '{''.join(self.places)}', '{''.join(self.places.values())}') collate \"C\""

    @cached_property
    def _table(self) -> dict[int, str]:
        return {ord(letter): place for letter, place in self.places.items()}


def collation(locale: str) -> Collation:
    """The order of a language; of English where nothing else is known."""
    return DANISH if locale == "da" else PLAIN


def _places(special: Mapping[str, str]) -> Mapping[str, str]:
    accented = (chr(number) for number in range(0xE0, 0x180))
    bases = {letter: unicodedata.normalize("NFD", letter)[0] for letter in accented if letter.islower()}
    return {**{letter: base for letter, base in bases.items() if base.isascii()}, **STROKES, **special}


PLAIN = Collation(EXPANSIONS, _places({}))
DANISH = Collation((("aa", "å"), *EXPANSIONS[1:]), _places(AFTER_Z))
