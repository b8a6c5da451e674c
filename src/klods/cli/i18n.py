"""The texts of modules: what is missing, what nobody asks for, and a start for a new language."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klods.cli.modules import print_problems, readable_modules
from klods.cli.output import json_option, tell

if TYPE_CHECKING:
    from klods.kernel.catalog import Module
    from klods.kernel.problems import Problems


@click.group()
def i18n() -> None:
    """Check the texts of modules in all their languages, and add what is missing."""


@i18n.command()
@click.argument("codes", nargs=-1)
@json_option
def check(codes: Sequence[str], *, as_json: bool) -> int:
    """Report texts that are asked for and missing, that nobody asks for, or that differ between languages."""
    modules = readable_modules(codes)
    found = _problems(modules)
    print_problems(found, [module.code for module in modules], as_json=as_json)
    return 1 if found.errors else 0


@i18n.command()
@click.argument("code")
@click.option("--locale", help="Make or complete the file of this language, with the English texts to be translated.")
@json_option
def extract(code: str, locale: str | None, *, as_json: bool) -> None:
    """Add the texts that a module asks for and does not have to its English file, each with its key as the text."""
    [module] = readable_modules([code])
    folder = module.source.folder / module.definition.locales_path
    added = _add_english(module, folder)
    if locale and locale != "en":
        added = {**added, **_add_translation(folder, locale)}
    words = "\n".join(f"{key}: {text}" for key, text in added.items()) or "There is nothing to add."
    tell(words, {"code": code, "added": added}, as_json=as_json)


def _problems(modules: "Sequence[Module]") -> "Problems":
    from klods.kernel.catalog import Catalog
    from klods.kernel.problems import Problems
    from klods.kernel.rules.contents import locale_problems
    from klods.kernel.texts_used import text_problems
    from klods.web.pages.sources import host_texts

    catalog, host = Catalog(modules), host_texts()
    found = [
        problem for module in modules for problem in (*locale_problems(catalog, module), *text_problems(module, host))
    ]
    return Problems(found)


def _add_english(module: "Module", folder: Path) -> dict[str, str]:
    from klods.kernel.i18n import read_texts
    from klods.kernel.texts_used import missing, used_texts
    from klods.web.pages.sources import host_texts

    wanted = {use.key: use.key for use in missing(used_texts(module), read_texts(folder), host_texts())}
    return _write(folder / "en.json", wanted)


def _add_translation(folder: Path, locale: str) -> dict[str, str]:
    from klods.errors import InvalidName
    from klods.kernel.i18n import read_texts

    if not locale.isalpha() or not locale.islower() or len(locale) > 8:
        raise InvalidName(name=locale, reason="a language is called by its code, as de")
    known = read_texts(folder).catalogs
    there, english = known.get(locale, {}), known.get("en", {})
    return _write(folder / f"{locale}.json", {key: text for key, text in english.items() if key not in there})


def _write(path: Path, added: dict[str, str]) -> dict[str, str]:
    """Put texts into a locale file; what stands there stays where it is."""
    if added:
        tree: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        for key, text in added.items():
            _put(tree, key.split("."), text)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".json.draft")
        draft.write_text(json.dumps(tree, ensure_ascii=False, indent=2) + "\n", "utf-8")
        draft.replace(path)
    return added


def _put(tree: dict[str, Any], path: Sequence[str], text: str) -> None:
    """Put a text below the objects that its key names; where a text stands in the way, the dotted key itself."""
    for depth, name in enumerate(path[:-1]):
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            tree[".".join(path[depth:])] = text
            return
        tree = below
    tree[path[-1]] = text
