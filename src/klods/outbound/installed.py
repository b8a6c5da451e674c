"""The modules in force: what the states name, read from the approved copies, with or without the folders they came from."""

import logging
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from klods.errors import PartFailed
from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.ports import DefinitionReader
from klods.kernel.reading import read_module
from klods.kernel.state import Installation, Installed, States
from klods.outbound.approved import ApprovedCopies

log = logging.getLogger(__name__)

Key = tuple[str, str]


class InstalledModules:
    """Turns installation rows into modules; each approved content is read once in the life of the process."""

    def __init__(self, copies: ApprovedCopies, reader: DefinitionReader, catalog: Callable[[], Catalog]) -> None:
        self._copies = copies
        self._reader = reader
        self._catalog = catalog
        self._read: dict[Key, Module] = {}

    def modules(self, states: States) -> tuple[tuple[Module, str], ...]:
        """Every installed module with its content hash; one that cannot be read any more is left out and logged."""
        found = self._read = self._found(_installed(states))
        return tuple((module, content_hash) for (_, content_hash), module in found.items())

    def beyond(self, catalog: Catalog, states: States) -> tuple[Module, ...]:
        """The installed modules whose code the catalog has no module for; nothing else is read."""
        found = self._found([row for row in _installed(states) if row.code not in catalog])
        self._read = self._read | found
        return tuple(found.values())

    def definitions(self, states: States) -> Mapping[str, ModuleDefinition]:
        """What every installed module says about itself, by code."""
        return {module.code: module.definition for module, _ in self.modules(states)}

    def _found(self, rows: list[Installation]) -> dict[Key, Module]:
        known = {key: module for row in rows if (module := self._read.get(key := (row.code, row.content_hash)))}
        return known | self._fresh([row for row in rows if (row.code, row.content_hash) not in known])

    def _fresh(self, rows: list[Installation]) -> dict[Key, Module]:
        found: dict[Key, Module] = {}
        in_place: Mapping[str, Module] | None = None
        for row in rows:
            module = self._approved(row)
            if module is None:
                in_place = self._catalog() if in_place is None else in_place
                module = in_place.get(row.code)
            if module is None:
                log.error("%s: the approved content %s is gone; enable the module again", row.code, row.content_hash)
                continue
            found[row.code, row.content_hash] = module
        return found

    def _approved(self, row: Installation) -> Module | None:
        source = self._copies.find(row.code, row.content_hash)
        if source is None:
            return None
        reading = read_module(source, self._reader)
        if reading.definition is None:
            log.error("%s: %s", row.code, "; ".join(map(str, reading.problems)))
            return None
        return Module(reading.definition, reading.source, cache(partial(self._settings, reading.source)))

    def _settings(self, source: Source) -> Mapping[str, Any]:
        """What can be set, as the module said when it was approved; one that cannot be asked has only its defaults."""
        try:
            return self._reader.settings(source)
        except PartFailed as error:
            log.warning("%s: what can be set for it is not known: %s", source.code, error)
            return {}


def _installed(states: States) -> list[Installation]:
    return [row for row in states.installations.values() if row.state is Installed.INSTALLED]
