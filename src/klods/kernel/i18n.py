"""Texts by locale and key, out of JSON files; what is missing falls back to English and then to the key."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from klods.kernel.plain_files import read_plain_text

FALLBACK = "en"
LOCALES = ("en", "da", "ru")
PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
"""What languages tell apart by number; ``other`` is always there."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_WANTED = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*\Z")

Catalogs = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one owner, the host or a module, with those of another to fall back on."""

    catalogs: Catalogs = field(default_factory=dict)
    below: "Texts | None" = None
    unreadable: tuple[Path, ...] = ()
    """Files that are not JSON objects; their texts are missing."""

    def find(self, locale: str, key: str) -> str | None:
        """The raw text in the locale or in English, from here or from below; None when nobody has it."""
        for name in (locale, FALLBACK):
            if (text := self.catalogs.get(name, {}).get(key)) is not None:
                return text
        return self.below.find(locale, key) if self.below else None

    def text(self, locale: str, key: str, values: Mapping[str, object] | None = None) -> str:
        """The text with its ``{placeholders}`` filled in; a key that nobody has is returned as it is.

        A number named ``count`` chooses between the forms ``<key>.one``, ``<key>.few``, ``<key>.other`` and so on.
        """
        text = self.find(locale, key)
        if text is None and isinstance(count := (values or {}).get("count"), int):
            text = self._counted(locale, key, count)
        return key if text is None else fill(text, values or {})

    def _counted(self, locale: str, key: str, count: int) -> str | None:
        for name in (locale, FALLBACK):
            catalog = self.catalogs.get(name, {})
            for form in (plural_form(name, count), "other"):
                if (text := catalog.get(f"{key}.{form}")) is not None:
                    return text
        return self.below._counted(locale, key, count) if self.below else None  # noqa: SLF001 - the same class


def fill(text: str, values: Mapping[str, object]) -> str:
    """Put values in for ``{name}``; braces around anything unknown stay as they are."""
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)


@lru_cache(maxsize=4096)
def plural_form(locale: str, count: int) -> str:
    """Which of the `PLURALS` a language uses with a number."""
    from babel import Locale

    return Locale.parse(locale).plural_form(count)


def comparable(keys: Iterable[str]) -> frozenset[str]:
    """The keys as they must agree between languages: the forms of a plural count as one."""
    known = frozenset(keys)
    return frozenset(_whole(key, known) for key in known)


def _whole(key: str, known: frozenset[str]) -> str:
    stem, dot, form = key.rpartition(".")
    other = f"{stem}.other"
    return other if dot and form in PLURALS and other in known else key


def read_texts(folder: Path, below: Texts | None = None) -> Texts:
    """Read every ``<locale>.json`` of a folder; a missing folder gives no texts."""
    catalogs: dict[str, Mapping[str, str]] = {}
    unreadable = []
    for file in sorted(folder.glob("*.json")):
        try:
            catalogs[file.stem] = flatten(json.loads(read_plain_text(file)))
        except (OSError, ValueError, TypeError, RecursionError):
            unreadable.append(file)
    return Texts(catalogs, below, tuple(unreadable))


def flatten(tree: object) -> dict[str, str]:
    """Nested objects as dotted keys; raise TypeError for anything that is not a tree of texts."""
    if not isinstance(tree, dict):
        raise TypeError("a locale file is one JSON object")
    return dict(_leaves(tree, ""))


def _leaves(tree: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        elif isinstance(value, str):
            yield path + key, value
        else:
            raise TypeError(f"{path}{key} is not a text")


def choose_locale(chosen: str | None, accept_language: str, available: Iterable[str] = LOCALES) -> str:
    """A stored choice if it is available, else the best of an Accept-Language header, else English."""
    known = frozenset(available)
    if chosen in known:
        return chosen or FALLBACK
    wanted = [(weight, -place, name) for place, (name, weight) in enumerate(_wanted(accept_language)) if name in known]
    return max(wanted)[2] if wanted else FALLBACK


def _wanted(header: str) -> Iterator[tuple[str, float]]:
    for item in header[:200].split(","):
        if (found := _WANTED.match(item)) and (weight := float(found[2] or 1)) > 0:
            yield found[1].lower(), weight
