"""Which texts a module asks for, and how its locale files answer; read out of its files, without running any."""

import ast
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from klods.kernel.catalog import Module
from klods.kernel.i18n import FALLBACK, PLURALS, Texts, comparable, read_texts
from klods.kernel.plain_files import read_plain_text
from klods.kernel.problems import Problem
from klods.kernel.rules.python_files import PythonFile, python_files

RULE = "texts"
ASKED_FOR_BY_ITSELF = frozenset({"module.name", "module.description"})
"""Keys that the host asks for."""

_ASKED = re.compile(r"""\bt\(\s*(["'])(?P<key>[\w.-]+)\1\s*(?P<joined>~)?""")
_QUOTED = re.compile(r"""(["'])(?P<text>[A-Za-z][\w.-]*)\1""")
_DOTTED = re.compile(r"[A-Za-z][\w-]*(\.[\w-]+)+")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A key that is asked for in so many words."""

    key: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a module's templates and Python files say about keys."""

    asked: tuple[Use, ...]
    mentioned: frozenset[str]
    """Every quoted word: it may be a key, or what keys begin with."""

    def mentions(self, key: str) -> bool:
        """Whether the key, or the beginning of it that others are put together with, is written anywhere."""
        parts = key.split(".")
        beginnings = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        return any(form in self.mentioned for it in beginnings for form in (it, f"{it}."))


def used_texts(module: Module) -> Used:
    """The keys that the files of a module ask for and mention."""
    templates = list(_templates(module))
    asked = sorted({use for path, text in templates for use in _in_template(path, text)} | set(_in_python(module)))
    mentioned = {found["text"] for _, text in templates for found in _QUOTED.finditer(text)}
    return Used(tuple(asked), frozenset(mentioned | set(_constants(module)) | set(_items(module))))


def text_problems(module: Module, host: Texts) -> Iterator[Problem]:
    """Texts that are asked for and missing, not asked for, or filled in differently in some language."""
    folder = module.source.folder / module.definition.locales_path
    texts, used = read_texts(folder), used_texts(module)
    english = folder / f"{FALLBACK}.json"
    known = texts.catalogs.get(FALLBACK, {})
    for use in missing(used, texts, host):
        message = f"the text {use.key!r} is asked for, and {english.name} does not have it"
        yield Problem(module.code, RULE, message, use.file, use.line, f"`klods i18n extract {module.code}` adds it.")
    for key in sorted(comparable(known)):
        if key not in ASKED_FOR_BY_ITSELF and not used.mentions(key.removesuffix(".other")):
            message = f"the text {key!r} is asked for nowhere"
            yield Problem(module.code, RULE, message, str(english), 1, "Remove it.", warning=True)
    yield from _fillings(module, folder, texts)


def missing(used: Used, texts: Texts, host: Texts) -> Iterator[Use]:
    """The first use of each key that neither the module nor the host has in English."""
    seen: set[str] = set()
    for use in used.asked:
        if use.key not in seen and not any(_has(it.catalogs.get(FALLBACK, {}), use.key) for it in (texts, host)):
            seen.add(use.key)
            yield use


def _has(known: Mapping[str, str], key: str) -> bool:
    return key in known or any(f"{key}.{form}" in known for form in PLURALS)


def _fillings(module: Module, folder: Path, texts: Texts) -> Iterator[Problem]:
    """Placeholders that a language has and English has not: they would stay as they are written."""
    english = texts.catalogs.get(FALLBACK, {})
    for locale, known in sorted(texts.catalogs.items()):
        for key in sorted(known.keys() & english.keys()):
            if strange := _places(known[key]) - _places(english[key]):
                message = f"{key!r} fills in {', '.join(sorted(strange))}, which it does not in {FALLBACK}.json"
                yield Problem(module.code, RULE, message, str(folder / f"{locale}.json"), 1, "")


def _places(text: str) -> Set[str]:
    return set(_PLACEHOLDER.findall(text))


def _templates(module: Module) -> Iterator[tuple[Path, str]]:
    folder = module.source.folder / module.definition.templates_path
    for path in sorted(folder.rglob("*.html")):
        yield path, read_plain_text(path)


def _in_template(path: Path, text: str) -> Iterator[Use]:
    for found in _ASKED.finditer(text):
        if not found["joined"]:
            yield Use(found["key"], str(path), text.count("\n", 0, found.start()) + 1)


def _in_python(module: Module) -> Iterator[Use]:
    """The texts that Python files hand to the page kit: messages, headings of columns, names of choices."""
    for file in _files(module):
        dicts = dict(_named_dicts(file.tree))
        calls = (node for node in ast.walk(file.tree) if isinstance(node, ast.Call))
        for value in (it for call in calls for it in _handed(call, dicts)):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield Use(value.value, str(file.path), value.lineno)


def _handed(call: ast.Call, dicts: Mapping[str, ast.Dict]) -> Iterator[ast.expr]:
    """What may be a key among the arguments of a call; only with a dot where plain words are allowed, too."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if "toast" in named:
        yield named["toast"]
    if called == "Column":
        yield from filter(_is_dotted, (*call.args[1:2], *_values(named.get("label"), dicts)))
        yield from filter(_is_dotted, _values(named.get("choices"), dicts))
    if called == "wrong":
        yield from filter(_is_dotted, call.args[1:2])


def _values(given: ast.expr | None, dicts: Mapping[str, ast.Dict]) -> list[ast.expr]:
    """The values of a dict that is written there or at the top of the file, or what is given itself."""
    found = dicts.get(given.id) if isinstance(given, ast.Name) else given
    return found.values if isinstance(found, ast.Dict) else [found] if found else []


def _named_dicts(tree: ast.Module) -> Iterator[tuple[str, ast.Dict]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))


def _is_dotted(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(_DOTTED.fullmatch(value.value))


def _constants(module: Module) -> Iterator[str]:
    for file in _files(module):
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _items(module: Module) -> Iterator[str]:
    for items in module.definition.menu_items.values():
        for item in items:
            yield from (item.label, item.group, f"menu.{item.id}")


def _files(module: Module) -> Iterator[PythonFile]:
    return (file for file in python_files(module.source) if isinstance(file, PythonFile))
