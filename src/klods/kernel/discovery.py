"""Finds modules in folders and installed distributions; a broken one never hides another."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from klods.kernel.catalog import Catalog, Module, Origin, Source
from klods.kernel.declared import DEFINITION
from klods.kernel.manifest import LARGEST_MANIFEST, MANIFEST, parse_manifest
from klods.kernel.names import package_name, python_name
from klods.kernel.parts import PARTS
from klods.kernel.plain_files import read_plain
from klods.kernel.ports import DefinitionReader
from klods.kernel.problems import Problem, Problems
from klods.kernel.reading import Reading, place_of, read_module

ENTRY_POINTS = "klods.modules"
RULE = "discovery"
WISH = b'"enabled"'

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of modules; for a distribution, the folder of the one module and its import name."""

    folder: Path
    origin: Origin = Origin.FOLDER
    package: str = ""


def discover(places: Sequence[Place], reader: DefinitionReader) -> Catalog:
    """Read every module of every place; where two share a code, the one of the earlier place is kept."""
    problems: list[Problem] = []
    readings: list[Reading] = []
    for place in places:
        try:
            sources = list(_sources(place, problems))
        except OSError as error:
            problems.append(Problem(place.folder.name, RULE, f"the folder cannot be read: {error}", str(place.folder)))
            continue
        readings += sorted((read_module(source, reader) for source in sources), key=_own_name_first)
    kept = _without_collisions(readings, problems)
    problems += (problem for reading in readings for problem in reading.problems)
    modules = [Module(reading.definition, reading.source) for reading in kept if reading.definition]
    codes = {module.code for module in modules}
    chosen = set(map(id, kept))  # compared by value, many modules would take a while
    broken = [reading.source for reading in readings if id(reading) not in chosen or not reading.definition]
    return Catalog(modules, broken=[it for it in broken if it.code not in codes], problems=Problems(problems))


def read_wishes(places: Sequence[Place]) -> Iterator[tuple[str, bool]]:
    """The codes of modules whose module.json says ``enabled``, and what; nothing else is read, so it takes no time."""
    for place in places:
        with suppress(OSError):  # `discover` tells of a folder that cannot be read
            for source in _sources(place, []):
                yield from _wish(source)


def _wish(source: Source) -> Iterator[tuple[str, bool]]:
    try:
        said = WISH in read_plain(source.folder / MANIFEST, LARGEST_MANIFEST)
    except OSError:
        return
    fields = parse_manifest(source.folder).fields if said else {}
    if (wish := fields.get("wish")) is not None:
        yield str(fields.get("code") or source.code), wish


def entry_points() -> tuple[Place, ...]:
    """The modules that installed distributions offer, found without importing them."""
    offered = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: (point.name, point.value))
    return tuple(_distribution(point.module) for point in offered)


def _distribution(package: str) -> Place:
    top, *inner = package.split(".")
    try:
        spec = util.find_spec(top)
    except (ImportError, ValueError):
        log.warning("the package %s of a distribution cannot be found", package, exc_info=True)
        spec = None
    roots = (spec.submodule_search_locations if spec is not None else None) or ()
    folders = [Path(root).joinpath(*inner) for root in roots]
    found = next((folder for folder in folders if folder.is_dir()), Path(package))
    return Place(found, Origin.DISTRIBUTION, package)


def _sources(place: Place, problems: list[Problem]) -> Iterator[Source]:
    if place.origin is Origin.DISTRIBUTION:
        code = place.package.rpartition(".")[2]
        if _is_module(place.folder):
            yield Source(code, place.folder, place.package, place.origin)
        else:
            message = f"the distribution names {place.package}, but no module stands there"
            problems.append(Problem(code, RULE, message, str(place.folder), hint=f"A module has {MANIFEST}."))
        return
    if not place.folder.is_dir():
        return
    for folder in sorted(place.folder.iterdir()):
        if folder.name[0] in "._" or not folder.is_dir():
            continue
        if _is_module(folder):
            yield Source(folder.name, folder, package_name(folder.name), place.origin)
        elif any(part.exists(folder) for part in PARTS.values()) or (folder / "migrations").is_dir():
            message = f"the folder looks like a module but has neither {MANIFEST} nor {DEFINITION}"
            hint = f'Put {{ "enabled": false }} into {folder.name}/{MANIFEST}.'
            problems.append(Problem(folder.name, RULE, message, str(folder), hint=hint, warning=True))


def _is_module(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() or (folder / DEFINITION).is_file()


def _own_name_first(reading: Reading) -> tuple[bool, str]:
    folder = reading.source.folder.name
    return python_name(folder) != python_name(reading.source.code), folder


def _without_collisions(readings: Iterable[Reading], problems: list[Problem]) -> list[Reading]:
    kept: dict[str, Reading] = {}
    for reading in readings:
        name = python_name(reading.source.code)
        first = kept.setdefault(name, reading)
        if first is reading:
            continue
        message = (
            f"two modules share one name in Python and SQL, {name}: {first.source.folder} and {reading.source.folder}"
        )
        hint = "Give one of them another code; until then the first is used."
        file, line = place_of(reading.source, "code")
        problems.append(Problem(reading.source.code, RULE, message, file, line, hint))
    return list(kept.values())
