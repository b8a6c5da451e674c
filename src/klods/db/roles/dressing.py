"""What every table, view and function of a module is given at the end of a migration: rights, and a policy for tenants."""

from collections.abc import Iterator

from psycopg import sql

from klods.db.roles.holdings import Function, Holdings, Relation
from klods.db.roles.inspecting import PLATFORM_POLICY

OPEN_POLICY = "klods_rows"
_OF_THIS_PLATFORM = "platform_id = (select klods.platform())"
_RIGHTS = {
    "S": ("usage, select on sequence", "select on sequence"),
    "m": ("select on", "select on"),
}
_OF_ROWS = ("select, insert, update, delete on", "select on")

Statement = sql.Composed


def dressing(before: Holdings, holdings: Holdings, writer: str, reader: str) -> Iterator[Statement]:
    """The statements for what has not been dressed yet."""
    for oid, relation in holdings.relations.items():
        yield from _rights(relation, writer, reader)
        if relation.kind in {"r", "p"} and relation.has_platform:
            old = before.relations.get(oid)
            yield from _tenancy(relation, kept=bool(old and old.platform_policy))
        if relation.kind == "v" and not relation.asks_as_caller:
            # A view asks with the eyes of its owner, who sees every platform.
            yield _of(relation, "alter view {} set (security_invoker = true)")
    for function in holdings.functions.values():
        yield from _execution(function, writer, reader)


def _rights(relation: Relation, writer: str, reader: str) -> Iterator[Statement]:
    for role, right in zip((writer, reader), _RIGHTS.get(relation.kind, _OF_ROWS), strict=True):
        if (role, "SELECT") not in relation.rights:
            yield _of(relation, f"grant {right} {{}} to {{}}", role)


def _tenancy(relation: Relation, *, kept: bool) -> Iterator[Statement]:
    """Restrictive, so that no policy of the module opens it again; and one that opens the rest if the module has none."""
    if not relation.secured:
        yield _of(relation, "alter table {} enable row level security")
    if not kept:
        if relation.platform_policy:  # of the module's own making, or out of a backup
            yield _of(relation, f"drop policy {PLATFORM_POLICY} on {{}}")
        check = f"as restrictive using ({_OF_THIS_PLATFORM}) with check ({_OF_THIS_PLATFORM})"
        yield _of(relation, f"create policy {PLATFORM_POLICY} on {{}} {check}")
    if not set(relation.open_policies) - {PLATFORM_POLICY}:
        yield _of(relation, f"create policy {OPEN_POLICY} on {{}} using (true) with check (true)")


def _execution(function: Function, writer: str, reader: str) -> Iterator[Statement]:
    name = sql.SQL(function.name)  # as the server spells it, quoted where that is needed
    if ("PUBLIC", "EXECUTE") in function.rights:
        yield sql.SQL("revoke execute on routine {} from public").format(name)
    for role in (writer, reader):
        if (role, "EXECUTE") not in function.rights:
            yield sql.SQL("grant execute on routine {} to {}").format(name, sql.Identifier(role))


def _of(relation: Relation, text: str, *roles: str) -> Statement:
    return sql.SQL(text).format(sql.Identifier("public", relation.name), *map(sql.Identifier, roles))
