"""The rules of grants: who asks requires the owner, and the owner exports what is asked for, now and later."""

import json
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path

from klods.kernel.catalog import Catalog, Module
from klods.kernel.definition import ModuleDefinition
from klods.kernel.grants import HOST, KEY, Grant, Kind, Want, lacking, lost, owner_of, standing, wants
from klods.kernel.graph import Definitions
from klods.kernel.problems import Problem
from klods.kernel.reading import place_of

RULE = "grants"
PLATFORM = Want(Kind.REFERENCE, f"{HOST}platform", (KEY,))
"""The only thing the host lets modules do with its tables; all of them may, without saying so."""

_FIELD = {Kind.READ: "reads", Kind.REFERENCE: "references"}


def grant_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:
    """What a module exports that is not its own, and what it asks for that nobody lets it have."""
    prefix = module.definition.table_prefix
    for table in module.definition.exports:
        if not table.startswith(prefix):
            message = f"exports {table}, which does not begin with its own table prefix {prefix}"
            yield _problem(module, message, "exports", "A module exports its own tables only: take it out of exports.")
    for want in wants(module.definition):
        yield from _host_table(module, want) if want.table.startswith(HOST) else _unmet(catalog, module, want)


def running_grant_problems(catalog: Catalog, in_force: Definitions, codes: Collection[str]) -> Iterator[Problem]:
    """What would be broken between these modules, as they stand in their folders, and the content in force."""
    after = standing(catalog.definitions, in_force, codes)
    for code in codes:
        for want in wants(catalog[code].definition):
            owner = owner_of(after, want.table)
            if owner and owner.code not in codes and (missing := lacking(after, want)):
                yield _not_yet(catalog[code], want, owner, missing)
    for reader in sorted(in_force.keys() - set(codes)):
        for grant in lost(in_force, after, reader):
            if grant.owner in codes:
                yield _no_longer(catalog[grant.owner], grant)


def _host_table(module: Module, want: Want) -> Iterator[Problem]:
    if want != PLATFORM:
        field = _FIELD[want.kind]
        message = f"{field} names {want.table} ({', '.join(want.columns)}), which belongs to the host"
        hint = f"Take it out of {field}; of the host's tables, references may name {PLATFORM.table}, and nothing else."
        yield _problem(module, message, field, hint)


def _unmet(catalog: Catalog, module: Module, want: Want) -> Iterator[Problem]:
    owner = owner_of(catalog.definitions, want.table)
    if owner is None:
        yield from _nobody_s(catalog, module, want)
    elif owner.code == module.code:
        field = _FIELD[want.kind]
        hint = f"Take it out of {field}: a module does with its own tables what it likes."
        yield _problem(module, f"{field} names {want.table}, which is its own table", field, hint)
    else:
        if owner.code not in module.definition.required_codes:
            yield _undeclared(module, want, owner)
        if missing := lacking(catalog.definitions, want):
            yield _not_exported(module, want, catalog[owner.code], missing)


def _nobody_s(catalog: Catalog, module: Module, want: Want) -> Iterator[Problem]:
    """Nothing while a required module is missing or broken: it may be the owner, and has its own problem."""
    if any(code not in catalog for code in module.definition.required_codes):
        return
    field = _FIELD[want.kind]
    exported = [table for other in catalog.definitions.values() for table in other.exports]
    close = get_close_matches(want.table, exported, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Install the module it belongs to, or take it out of {field}."
    message = f"{field} names {want.table}, which bears the table prefix of no module that was found"
    yield _problem(module, message, field, hint)


def _undeclared(module: Module, want: Want, owner: ModuleDefinition) -> Problem:
    field = _FIELD[want.kind]
    file = Path(place_of(module.source, "requires")[0]).name
    message = f"{field} names {want.table} of {owner.code}, which it does not require"
    return _problem(module, message, field, f'Add "{owner.code}" to requires in {file} of {module.code}.')


def _not_exported(module: Module, want: Want, owner: Module, missing: tuple[str, ...]) -> Problem:
    field = _FIELD[want.kind]
    file, line = place_of(owner.source, "exports")
    whole = dict.fromkeys((*owner.definition.exports.get(want.table, ()), *missing))
    entry = f"{json.dumps(want.table)}: {json.dumps(list(whole))}"
    message = f"{field} names {want.table} ({', '.join(missing)}), which {owner.code} does not export"
    hint = f"Write {entry} in exports of {owner.code} ({Path(file).name}:{line}), or take it out of {field}."
    return _problem(module, message, field, hint)


def _not_yet(module: Module, want: Want, owner: ModuleDefinition, missing: tuple[str, ...]) -> Problem:
    field = _FIELD[want.kind]
    message = f"{field} names {want.table} ({', '.join(missing)}), which {owner.code} does not export in the content that runs"
    return _problem(module, message, field, f"Enable {owner.code} again to bring in its new content.")


def _no_longer(owner: Module, grant: Grant) -> Problem:
    message = (
        f"no longer exports {grant.table} ({', '.join(grant.columns)}), "
        f"but {grant.reader} is installed and names it in {_FIELD[grant.kind]}"
    )
    hint = (
        f"Export it until {grant.reader} does without it, "
        f"or disable {owner.code} and then enable {grant.reader}, which brings in the new content of both."
    )
    return _problem(owner, message, "exports", hint)


def _problem(module: Module, message: str, field: str, hint: str) -> Problem:
    file, line = place_of(module.source, field)
    return Problem(module.code, RULE, message, file, line, hint)
