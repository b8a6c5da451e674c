"""What a module's folder must hold: sound migrations, matching locales, and what the definition says is there."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from klods.kernel.catalog import Catalog, Module
from klods.kernel.declared import read_declared
from klods.kernel.i18n import FALLBACK, comparable, flatten
from klods.kernel.manifest import parse_manifest
from klods.kernel.migrations import chain_of
from klods.kernel.names import python_name
from klods.kernel.plain_files import read_plain_text, walk, why_not_plain
from klods.kernel.problems import Problem
from klods.kernel.reading import PATHS, place_of

_SHOWN = 5


def file_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Links and special files, which enabling refuses to copy."""
    del catalog
    for path in walk(module.source.folder):
        if reason := why_not_plain(path):
            name = path.relative_to(module.source.folder).as_posix()
            message = f"{name} is {reason}; a module holds plain files only"
            yield Problem(module.code, "files", message, str(path), hint="Put the file itself in its place.")


def migration_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """What is wrong with the line of migrations."""
    del catalog
    yield from chain_of(module).problems


def locale_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Locale files that cannot be read, lack keys that English has, or have keys that English lacks."""
    del catalog
    folder = module.source.folder / module.definition.locales_path
    texts: dict[Path, Mapping[str, str]] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            texts[path] = flatten(json.loads(read_plain_text(path)))
        except json.JSONDecodeError as error:
            yield _locale(module, path, f"is not valid JSON: {error.msg}", error.lineno)
        except (OSError, ValueError, RecursionError) as error:
            yield _locale(module, path, f"cannot be used: {error}")
    english = folder / f"{FALLBACK}.json"
    if texts and not english.is_file():
        yield _locale(module, english, "is missing; it is what every other locale falls back on")
    elif english in texts:
        for path, keys in texts.items():
            yield from _parity(module, path, keys, texts[english])


def missing_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """Parts that a self-contained module declares and does not have."""
    del catalog
    if not module.definition.is_self_contained:
        return
    said = {*parse_manifest(module.source.folder).lines, *read_declared(module.source.folder, module.code).lines}
    for name in PATHS:
        value = getattr(module.definition, name)
        if value and name in said and not _stands(module, value):
            file, line = place_of(module.source, name)
            yield Problem(module.code, "parts", f"{name} names {value}, which does not exist", file, line)


def _parity(module: Module, path: Path, keys: Mapping[str, str], english: Mapping[str, str]) -> Iterator[Problem]:
    there, wanted = comparable(keys), comparable(english)
    if lacking := sorted(wanted - there):
        yield _locale(module, path, f"lacks {_listed(lacking)}", warning=True)
    if strange := sorted(there - wanted):
        yield _locale(module, path, f"has {_listed(strange)}, which {FALLBACK}.json lacks", warning=True)


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(islice(keys, _SHOWN)) + more


def _locale(module: Module, path: Path, message: str, line: int = 1, *, warning: bool = False) -> Problem:
    return Problem(module.code, "locales", f"{path.name} {message}", str(path), line, warning=warning)


def _stands(module: Module, value: str) -> bool:
    """Whether a path, dotted or not, names something inside the module's folder."""
    name = value
    for root in (module.source.package, f"app.modules.{python_name(module.code)}"):
        name = name.removeprefix(f"{root}.")
    place = module.source.folder / (name if "/" in name else name.replace(".", "/"))
    return place.exists() or place.with_suffix(".py").is_file()
