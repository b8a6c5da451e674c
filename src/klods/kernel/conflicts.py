"""Modules that may not be enabled together on one platform; it is enough when one of both says so."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from klods.kernel.definition import ModuleDefinition, Requirement
from klods.kernel.graph import Definitions


class Conflict(NamedTuple):
    """Two modules that may not be enabled together, and how the first says so."""

    code: str
    other: str
    said: Requirement

    def __str__(self) -> str:
        return f"{self.code} conflicts with {self.said}"


def conflicts_among(definitions: Definitions, codes: Collection[str]) -> Iterator[Conflict]:
    """Every conflict between these modules, in the order of their codes; a range counts by the versions given."""
    for code in sorted(codes):
        if code in definitions:
            yield from _said_by(definitions[code], definitions, codes)


def _said_by(definition: ModuleDefinition, definitions: Definitions, codes: Collection[str]) -> Iterator[Conflict]:
    for said in definition.conflicts:
        other = definitions.get(said.code) if said.code in codes else None
        if other is not None and said.admits(other.version):
            yield Conflict(definition.code, said.code, said)
