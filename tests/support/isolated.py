"""A hub's database in which modules have roles, and modules that are made of migrations and statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from klods.db.database import Database
from klods.db.migrating.migrator import ModuleMigrator
from klods.db.own_connection import own_transaction
from klods.db.roles.granting import settle_grants
from klods.db.roles.isolating import Isolation, isolate
from klods.db.scope import Scope, ScopeKind, enter
from klods.kernel.catalog import Module
from klods.kernel.grants import Grant


@pytest.fixture
def isolated(host_database) -> Iterator[Database]:
    """The open database of a hub whose modules have roles."""
    with Database(host_database, pool_size=2, wait_seconds=3) as database:
        assert isolate(database) is Isolation.ROLES
        yield database


def install(database: Database, module: Module, grants: Sequence[Grant] = ()) -> None:
    """Give the module its roles and rights, and migrate it."""
    from klods.db.roles.making import make_module_roles

    family = database.family
    with own_transaction(database, lock_seconds=2) as connection:
        if family:
            make_module_roles(connection, family, module.code)
            settle_grants(connection, family, module.code, grants)
        ModuleMigrator(database).upgrade(connection, module)


@contextmanager
def working(database: Database, code: str, platform_id: int = 1, **fields: Any) -> Iterator[Scope]:
    """A command of a module, kept when the block ends well."""
    scope = Scope(database, code, platform_id, kind=ScopeKind.COMMAND, **fields)
    keep = False
    try:
        with enter(scope):
            yield scope
        keep = True
    finally:
        scope.end(keep=keep)
