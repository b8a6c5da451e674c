"""What a module may not do with its own tables and functions: the rules a migration is held to at its end."""

from collections.abc import Iterator

from klods.db.roles.capturing import CAPTURE
from klods.db.roles.escapes import body_escapes
from klods.db.roles.holdings import Function, Holdings, Relation, Right

PLATFORM_POLICY = "klods_platform"
_ROWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_OF_SEQUENCES = frozenset({"USAGE", "SELECT"})
_GUARDED = ("role=", "session_authorization=", "klods.", "standard_conforming_strings=")


def faults(before: Holdings, after: Holdings, writer: str, reader: str) -> Iterator[str]:
    """Everything that is wrong with what a migration left, said for people."""
    yield from after.elsewhere
    yield from after.intruders
    for oid, relation in after.relations.items():
        old = before.relations.get(oid)
        yield from _of_relation(relation, old)
        held = relation.rights | relation.column_rights
        known = old.rights | old.column_rights if old else frozenset()
        yield from _of_rights(f"on {relation.name}", held - known, _allowed(relation, writer, reader))
    for oid, function in after.functions.items():
        yield from _of_function(function)
        known = before.functions[oid].rights if oid in before.functions else frozenset()
        usual = {(role, "EXECUTE") for role in ("PUBLIC", writer, reader)}
        yield from _of_rights(f"on function {function.name}", function.rights - known, frozenset(usual))


def _of_relation(relation: Relation, old: Relation | None) -> Iterator[str]:
    for rule in relation.rules:
        yield f"rule {rule} on {relation.name}: rules work with the power of the owner; use a trigger"
    for trigger in relation.deferrable_triggers:
        yield f"trigger {trigger} on {relation.name} is deferrable: it could run when the module's role has been left"
    if relation.kind == "m" and relation.secured_sources:
        tables = ", ".join(relation.secured_sources)
        yield f"materialized view {relation.name} keeps rows of all platforms of {tables}; use a view"
    if old and PLATFORM_POLICY in old.policies and relation.has_platform:
        if PLATFORM_POLICY not in relation.policies:
            yield f"policy {PLATFORM_POLICY} on {relation.name} was dropped: it keeps the platforms apart"
        elif not relation.secured:
            yield f"row security of {relation.name} was switched off: it keeps the platforms apart"
        elif relation.platform_policy != old.platform_policy:
            yield f"policy {PLATFORM_POLICY} on {relation.name} was changed: it keeps the platforms apart"
    if old and old.captured and not relation.captured:
        yield f"trigger {CAPTURE} on {relation.name} was dropped or disabled: dry runs show what they would change by it"


def _of_function(function: Function) -> Iterator[str]:
    if function.as_owner:
        yield f"function {function.name} is SECURITY DEFINER: it would work with the power of the owner"
    for setting in function.settings:
        if setting.lower().startswith(_GUARDED):
            yield f"function {function.name} sets {setting.partition('=')[0]}, which belongs to the host"
    for found in dict.fromkeys(body_escapes(function.body)):
        yield f"function {function.name} uses {found}: a module stays in its role, and leaves the connection as it is"


def _of_rights(where: str, rights: frozenset[Right], allowed: frozenset[Right]) -> Iterator[str]:
    for grantee, privilege in sorted(rights - allowed):
        yield f"a grant of {privilege} {where} to {grantee}: name it in exports instead"


def _allowed(relation: Relation, writer: str, reader: str) -> frozenset[Right]:
    privileges = _OF_SEQUENCES if relation.kind == "S" else _ROWS
    return frozenset({(writer, privilege) for privilege in privileges} | {(reader, "SELECT")})
