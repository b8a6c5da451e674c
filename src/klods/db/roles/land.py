"""A module's land while it is built on: its owner may build, and what was built is inspected and dressed."""

from collections.abc import Iterator
from contextlib import contextmanager

from klods.db.own_connection import Connection
from klods.db.role_family import RoleFamily
from klods.db.roles.building import building
from klods.db.roles.capturing import arm
from klods.db.roles.dressing import dressing
from klods.db.roles.holdings import Holdings, read_holdings
from klods.db.roles.inspecting import faults
from klods.db.roles.making import make_module_roles
from klods.errors import OutsidePrefix
from klods.kernel.holdings import Holder


class Land:
    """What stands under a module's prefix, owned by a role of its own."""

    def __init__(self, connection: Connection, holder: Holder, family: RoleFamily) -> None:
        self._connection = connection
        self._code, self._prefix = holder
        self.owner, self._writer, self._reader = family.of(holder.code)
        make_module_roles(connection, family, holder.code)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let the owner build; raise `OutsidePrefix` with everything that may not stay."""
        before = self._holdings()
        with building(self._connection, self.owner):
            yield
        self._settle(before, self._holdings())

    @contextmanager
    def reopen(self) -> Iterator[None]:
        """Let what was built before come back: rights that an administrator gave are as good as they were."""
        with building(self._connection, self.owner):
            yield
        after = self._holdings()
        self._settle(after, after)

    def _settle(self, before: Holdings, after: Holdings) -> None:
        if found := tuple(faults(before, after, self._writer, self._reader)):
            raise OutsidePrefix(module=self._code, prefix=self._prefix, objects=", ".join(found), items=found)
        for statement in dressing(before, after, self._writer, self._reader):
            self._connection.execute(statement)
        arm(self._connection, self._prefix)

    def _holdings(self) -> Holdings:
        return read_holdings(self._connection, self.owner, self._prefix)
