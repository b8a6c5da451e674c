"""What modules may do with each other's tables: only what one asks for in so many words and the other offers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from klods.kernel.definition import ModuleDefinition
from klods.kernel.graph import Definitions

HOST = "klods."
"""How the tables of the host begin, because they stand in a schema of their own."""

KEY = "id"
"""The column that a reference means when it names none."""


class Kind(StrEnum):
    """What a module may do with columns of another."""

    READ = "read"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, order=True)
class Want:
    """What one module asks for in its `reads` or `references`, whether or not it gets it."""

    kind: Kind
    table: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.table} ({', '.join(self.columns)})"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """What the reader may do with columns of a table of the owner, because both say so."""

    kind: Kind
    table: str
    columns: tuple[str, ...]
    owner: str
    reader: str

    def __str__(self) -> str:
        return f"{self.kind} {self.table} ({', '.join(self.columns)})"


def grants_to(definitions: Definitions, code: str) -> tuple[Grant, ...]:
    """What a module gets on tables of those it requires; columns that are not exported are left out."""
    return tuple(_granted(definitions, definitions[code])) if code in definitions else ()


def grants_on(definitions: Definitions, code: str) -> tuple[Grant, ...]:
    """What all others get on the tables of a module."""
    found = (grant for reader in definitions for grant in grants_to(definitions, reader))
    return tuple(sorted(grant for grant in found if grant.owner == code))


def standing(definitions: Definitions, in_force: Definitions, codes: Collection[str]) -> Definitions:
    """What counts once these modules have the content of their folders, and all others still what is in force."""
    return {**definitions, **in_force, **{code: definitions[code] for code in codes if code in definitions}}


def wants(definition: ModuleDefinition) -> tuple[Want, ...]:
    """What a module asks for, once per kind and table, in a fixed order."""
    columns: defaultdict[tuple[Kind, str], set[str]] = defaultdict(set)
    for table, names in definition.reads.items():
        columns[Kind.READ, table].update(names)
    for table, name in map(target, definition.references):
        columns[Kind.REFERENCE, table].add(name)
    return tuple(Want(kind, table, tuple(sorted(names))) for (kind, table), names in sorted(columns.items()))


def target(reference: str) -> tuple[str, str]:
    """The table and the column that a reference names: ``shop_items`` is ``shop_items.id``."""
    schema = HOST if reference.startswith(HOST) else ""
    table, _, column = reference.removeprefix(schema).partition(".")
    return schema + table, column or KEY


def owner_of(definitions: Definitions, table: str) -> ModuleDefinition | None:
    """The module whose prefix the table bears, the longest where several do."""
    owners = (it for it in definitions.values() if table.startswith(it.table_prefix))
    return max(owners, key=lambda it: (len(it.table_prefix), it.code), default=None)


def lacking(definitions: Definitions, want: Want) -> tuple[str, ...]:
    """The columns of a want that their owner does not export."""
    owner = owner_of(definitions, want.table)
    exported: Iterable[str] = owner.exports.get(want.table, ()) if owner else ()
    return tuple(column for column in want.columns if column not in exported)


def lost(before: Definitions, after: Definitions, reader: str) -> Iterator[Grant]:
    """What a module gets now and would not get any more, with the columns that are gone."""
    kept = _columns(grants_to(after, reader))
    for grant in grants_to(before, reader):
        left = kept.get((grant.kind, grant.table, grant.owner), ())
        if gone := tuple(column for column in grant.columns if column not in left):
            yield Grant(grant.kind, grant.table, gone, grant.owner, reader)


def _granted(definitions: Definitions, reader: ModuleDefinition) -> Iterator[Grant]:
    for want in wants(reader):
        owner = owner_of(definitions, want.table)
        if owner is None or owner.code == reader.code or owner.code not in reader.required_codes:
            continue
        missing = lacking(definitions, want)
        if columns := tuple(column for column in want.columns if column not in missing):
            yield Grant(want.kind, want.table, columns, owner.code, reader.code)


def _columns(grants: Iterable[Grant]) -> Mapping[tuple[Kind, str, str], tuple[str, ...]]:
    return {(grant.kind, grant.table, grant.owner): grant.columns for grant in grants}
