"""Makes one definition out of what a module's folder says, in module.json, in definition.py, or in both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from klods.errors import InvalidDefinition, KlodsError, PartFailed
from klods.kernel.catalog import Origin, Source
from klods.kernel.declared import DEFINITION, RULE, Declared, read_declared
from klods.kernel.definition import ModuleDefinition
from klods.kernel.manifest import MANIFEST, Manifest, parse_manifest
from klods.kernel.names import package_name, python_name, why_not
from klods.kernel.parts import LIVE
from klods.kernel.plain_files import leaves
from klods.kernel.ports import DefinitionReader
from klods.kernel.problems import Problem, Problems
from klods.kernel.table_names import name_problems

PATHS = tuple(field.name for field in fields(ModuleDefinition) if field.name.endswith("_path"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was learnt about one folder; without a definition the module is broken."""

    source: Source
    definition: ModuleDefinition | None
    problems: Problems


def read_module(source: Source, reader: DefinitionReader) -> Reading:
    """Read the module in a folder; `source` bears the folder's name until the code is known."""
    manifest = parse_manifest(source.folder)
    declared = read_declared(source.folder, _name_so_far(source, manifest))
    problems = [*manifest.problems, *declared.problems]
    spoken: Mapping[str, Any] = declared.fields
    only_python = not (source.folder / MANIFEST).is_file()
    if not declared.problems and (only_python or not declared.whole):
        spoken, failed = _ask(source, reader)
        problems += failed
    definition, wrong = _merged(source, manifest.fields, spoken)
    problems += wrong
    problems += _disagreements(source, manifest, spoken, declared)
    if definition is None:
        return Reading(replace(source, code=_name_so_far(source, manifest)), None, Problems(problems))
    problems += _faults(source, definition, manifest, declared)
    return _reading(source, definition, Problems(problems))


def _reading(source: Source, definition: ModuleDefinition, problems: Problems) -> Reading:
    code = definition.code
    package = source.package if source.origin is Origin.DISTRIBUTION else package_name(code)
    return Reading(replace(source, code=code, package=package), None if problems.errors else definition, problems)


def _name_so_far(source: Source, manifest: Manifest) -> str:
    return str(manifest.fields.get("code") or source.code)


def _ask(source: Source, reader: DefinitionReader) -> tuple[Mapping[str, Any], list[Problem]]:
    try:
        spoken = reader.read(source)
    except PartFailed as error:
        file, _, line = str(error.data.get("where", "")).rpartition(":")
        path = str(source.folder / (file or DEFINITION))
        number = int(line) if line.isdigit() else 1
        return {}, [
            Problem(source.code, "import", f"definition.py cannot be run: {error.data.get('reason')}", path, number)
        ]
    except KlodsError as error:
        return {}, [Problem(source.code, RULE, str(error), str(source.folder / DEFINITION), 1)]
    return _explicit(spoken), []


def _explicit(definition: ModuleDefinition) -> dict[str, Any]:
    bare = ModuleDefinition(code=definition.code, name="")
    values = ((field.name, getattr(definition, field.name)) for field in fields(definition))
    return {name: value for name, value in values if name in ("code", "name") or value != getattr(bare, name)}


def _merged(
    source: Source, manifest: Mapping[str, Any], spoken: Mapping[str, Any]
) -> tuple[ModuleDefinition | None, list[Problem]]:
    plain = {name: value for name, value in spoken.items() if name not in LIVE}
    given: dict[str, Any] = {"code": source.code} | plain | dict(manifest)
    given.setdefault("name", str(given["code"]).replace("_", " ").replace("-", " ").capitalize())
    try:
        return _well_typed(ModuleDefinition(**given)), []
    except (TypeError, ValueError, AttributeError, InvalidDefinition) as error:
        path = str(source.folder / (DEFINITION if spoken else MANIFEST))
        return None, [Problem(str(given["code"]), RULE, f"the definition does not hold: {error}", path, 1)]


def _well_typed(definition: ModuleDefinition) -> ModuleDefinition:
    for name, kind in _plain_kinds().items():
        if not isinstance(value := getattr(definition, name), kind):
            raise TypeError(f"{name} must be a {kind.__name__}, not {value!r}")
    return definition


@cache
def _plain_kinds() -> Mapping[str, type]:
    """The fields that hold a text or a truth value."""
    bare = ModuleDefinition(code="x", name="x")
    kinds = {field.name: type(getattr(bare, field.name)) for field in fields(bare)}
    return {name: kind for name, kind in kinds.items() if kind in (str, bool)}


def _disagreements(
    source: Source, manifest: Manifest, spoken: Mapping[str, Any], declared: Declared
) -> Iterator[Problem]:
    for name in manifest.fields.keys() & spoken.keys():
        first, second = (_normal(name, values[name]) for values in (manifest.fields, spoken))
        if first == second:
            continue
        message = f"module.json says {name} is {first!r}, definition.py says {second!r}"
        line = declared.lines.get(name, 1)
        hint = f"Keep {name} in module.json and leave it out of definition.py, or make them equal."
        yield Problem(_name_so_far(source, manifest), RULE, message, str(source.folder / DEFINITION), line, hint)


def _normal(name: str, value: object) -> object:
    given: dict[str, Any] = {"code": "x", "name": "x", name: value}
    try:
        return getattr(ModuleDefinition(**given), name)
    except (TypeError, ValueError, AttributeError, InvalidDefinition):
        return value


def _faults(source: Source, definition: ModuleDefinition, manifest: Manifest, declared: Declared) -> Iterator[Problem]:
    for name, message, warning in _wrong_fields(source, definition):
        in_json = name in manifest.fields
        path = source.folder / (MANIFEST if in_json or not declared.lines else DEFINITION)
        line = (manifest.lines if in_json else declared.lines).get(name, 1)
        yield Problem(definition.code, RULE, message, str(path), line, warning=warning)


def _wrong_fields(source: Source, definition: ModuleDefinition) -> Iterator[tuple[str, str, bool]]:
    if reason := why_not(definition.code):
        yield "code", f"{definition.code!r} cannot be a code: {reason}", False
    if source.origin is Origin.FOLDER and python_name(source.code) != python_name(definition.code):
        yield "code", f"the folder is called {source.code}, but the code is {definition.code}", True
    try:
        Version(definition.version)
    except InvalidVersion:
        yield "version", f"version {definition.version!r} is not a version, as 1.2.0", False
    try:
        SpecifierSet(definition.host_version)
    except InvalidSpecifier:
        yield "host_version", f"host_version {definition.host_version!r} is not a range, as >=0.1,<1", False
    for field in ("requires", "conflicts"):
        for named in getattr(definition, field):
            if reason := why_not(named.code):
                yield field, f"{field} names {named.code!r}, which cannot be a module: {reason}", False
    if definition.code in {named.code for named in definition.conflicts}:
        yield "conflicts", "it conflicts with itself, so that it could never be enabled", False
    for name in PATHS:
        if leaves(path := getattr(definition, name)):
            yield name, f"{name} {path!r} leaves the module's folder", False
    for name, message in name_problems(definition):
        yield name, message, False


def place_of(source: Source, field: str) -> tuple[str, int]:
    """The file and line where a module says something about itself; where it should, when it does not."""
    for name, lines in (
        (MANIFEST, parse_manifest(source.folder).lines),
        (DEFINITION, read_declared(source.folder, source.code).lines),
    ):
        if field in lines:
            return str(source.folder / name), lines[field]
    name = MANIFEST if (source.folder / MANIFEST).is_file() else DEFINITION
    return str(source.folder / name), 1
