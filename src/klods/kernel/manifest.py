"""Reads module.json: who a module is, without running any of its code."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)

from klods.errors import InvalidDefinition
from klods.kernel.definition import FrontendType, MenuItem, Requirement
from klods.kernel.names import why_not
from klods.kernel.personal import Retention
from klods.kernel.plain_files import leaves, read_plain_text
from klods.kernel.positions import key_lines
from klods.kernel.problems import Problem, Problems

MANIFEST = "module.json"
LARGEST_MANIFEST = 1 << 18
RULE = "manifest"
_SILENT = frozenset({"$schema", "//", "comment"})


def _code(value: str) -> str:
    if reason := why_not(value):
        raise ValueError(f"it cannot be a code: {reason}")
    return value


def _version(value: str) -> str:
    Version(value)
    return value


def _version_range(value: str) -> str:
    SpecifierSet(value)
    return value


def _requirement(value: str) -> str:
    try:
        code = Requirement.parse(value).code
    except InvalidDefinition:
        raise ValueError(f"{value!r} is not a module and a version range, as payments>=1.2") from None
    if reason := why_not(code):
        raise ValueError(f"{code!r} cannot be a module: {reason}")
    return value


def _inside(value: str) -> str:
    if leaves(value):
        raise ValueError("the path must stay inside the module's folder")
    return value


Place = Annotated[str, AfterValidator(_inside)]
Named = Annotated[str, Field(min_length=1)]


class _Menu(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Named
    label: str = ""
    path: str = ""
    icon: str = ""
    group: str = ""
    order: int = 100
    permission: str = ""
    feature: str = ""


class _Retention(BaseModel):
    model_config = ConfigDict(extra="forbid")

    table: Named
    column: Named
    days: StrictInt
    clear: tuple[str, ...] = ()
    why: str = ""


def _spelled_out(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


class _Manifest(BaseModel):
    code: Annotated[str, AfterValidator(_code)] = ""
    name: Named = ""
    description: str = ""
    version: Annotated[str, AfterValidator(_version)] = ""
    author: str = ""
    requires: tuple[Annotated[str, AfterValidator(_requirement)], ...] = ()
    dependencies: tuple[Annotated[str, AfterValidator(_requirement)], ...] = ()
    conflicts: tuple[Annotated[str, AfterValidator(_requirement)], ...] = ()
    host_version: Annotated[str, AfterValidator(_version_range)] = ""
    features: tuple[str, ...] = ()
    menu_items: dict[FrontendType, tuple[Annotated[_Menu, BeforeValidator(_spelled_out)], ...]] = Field(
        default_factory=dict
    )
    permissions: tuple[str, ...] = ()
    is_core: StrictBool = False
    is_internal: StrictBool = False
    is_self_contained: StrictBool = False
    table_prefix: str = ""
    read_only: StrictBool = True
    dry_run: StrictBool = True
    references: tuple[str, ...] = ()
    reads: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    exports: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    retention: tuple[_Retention, ...] = ()
    enabled: StrictBool | None = None
    execution: Literal["native", "threads"] = Field(default="threads", alias="async")
    default_config: dict[str, Any] = Field(default_factory=dict)
    services_path: Place = ""
    models_path: Place = ""
    schemas_path: Place = ""
    exceptions_path: Place = ""
    templates_path: Place = ""
    static_path: Place = ""
    locales_path: Place = ""
    migrations_path: Place = ""


KEYS = frozenset(field.alias or name for name, field in _Manifest.model_fields.items())
"""Every key that module.json may have."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a module.json says, as fields of `ModuleDefinition`, with the line of each."""

    fields: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: Problems


def read_manifest(folder: Path) -> tuple[dict[str, Any], Problems]:
    """The fields that a folder's module.json gives, and what is wrong with it; no file gives no fields."""
    manifest = parse_manifest(folder)
    return dict(manifest.fields), manifest.problems


def parse_manifest(folder: Path) -> Manifest:
    """`read_manifest` with the line of every field."""
    path = folder / MANIFEST
    try:
        text = read_plain_text(path, LARGEST_MANIFEST)
    except FileNotFoundError:
        return Manifest({}, {}, Problems())
    except (OSError, UnicodeDecodeError) as error:
        return _unreadable(path, f"module.json cannot be read: {error}", 1, "Save it as UTF-8 text.")
    try:
        value = json.loads(text)
        lines, again = key_lines(text) if isinstance(value, dict) else ({}, [])
    except json.JSONDecodeError as error:
        message = f"module.json is not valid JSON: {error.msg}, column {error.colno}"
        return _unreadable(path, message, error.lineno, "Look at this line and the one before: a comma or a quote.")
    except (ValueError, RecursionError) as error:
        return _unreadable(path, f"module.json is not valid JSON: {error}", 1, "Keep it small and plain.")
    if not isinstance(value, dict):
        return _unreadable(path, "module.json must hold one object", 1, 'Write { "enabled": true } for a start.')
    return _checked(path, value, lines, again)


def _checked(path: Path, value: dict[str, Any], lines: dict[str, int], again: list[tuple[str, int]]) -> Manifest:
    name = value["code"] if isinstance(value.get("code"), str) and value["code"] else path.parent.name
    problems = [*_unknown_keys(value), *_repeated_keys(again)]
    try:
        given = _Manifest.model_validate(value)
    except ValidationError as error:
        bad = {str(item["loc"][0]) for item in error.errors()}
        problems += _wrong_values(error)
        given = _Manifest.model_validate({key: kept for key, kept in value.items() if key not in bad})
    placed = (
        Problem(name, RULE, message, str(path), lines.get(key, 1), hint, warning)
        for key, message, hint, warning in problems
    )
    fields = _fields(given)
    return Manifest(fields, _field_lines(lines), Problems(placed))


Finding = tuple[str, str, str, bool]


def _unknown_keys(value: Mapping[str, Any]) -> Iterator[Finding]:
    for key in value.keys() - KEYS - _SILENT:
        close = get_close_matches(key, KEYS, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "Remove it, or keep settings in default_config."
        yield key, f"module.json has an unknown key {key!r}, which is not used", hint, True


def _repeated_keys(again: list[tuple[str, int]]) -> Iterator[Finding]:
    for key, line in again:
        yield key, f"module.json says {key!r} twice, again on line {line}", "Leave one of them.", False


def _wrong_values(error: ValidationError) -> Iterator[Finding]:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        key, *inner = map(str, item["loc"])
        place = ".".join([key, *inner])
        message = item["msg"].removeprefix("Value error, ")
        yield key, f"module.json: {place}: {message[:1].lower()}{message[1:]}", "", False


def _fields(given: _Manifest) -> dict[str, Any]:
    fields = {name: getattr(given, name) for name in given.model_fields_set}
    if "dependencies" in fields:
        fields["requires"] = (*fields.get("requires", ()), *fields.pop("dependencies"))
    for name in ("requires", "conflicts"):
        if name in fields:
            fields[name] = tuple(Requirement.parse(text, name) for text in dict.fromkeys(fields[name]))
    if "menu_items" in fields:
        fields["menu_items"] = {
            frontend: tuple(MenuItem(**item.model_dump()) for item in items)
            for frontend, items in fields["menu_items"].items()
        }
    if "retention" in fields:
        fields["retention"] = tuple(Retention(**rule.model_dump()) for rule in fields["retention"])
    if "enabled" in fields:
        fields["wish"] = fields.pop("enabled")
    if "execution" in fields:
        fields["native_async"] = fields.pop("execution") == "native"
    return {name: value for name, value in fields.items() if value != "" or name == "description"}


def _field_lines(lines: Mapping[str, int]) -> dict[str, int]:
    renamed = {"enabled": "wish", "async": "native_async", "dependencies": "requires"}
    return {renamed.get(key, key): line for key, line in lines.items()}


def _unreadable(path: Path, message: str, line: int, hint: str) -> Manifest:
    return Manifest({}, {}, Problems([Problem(path.parent.name, RULE, message, str(path), line, hint)]))
