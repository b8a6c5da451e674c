"""The database of the host: its own connections, and those in which the units of modules work."""

import logging
import threading
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType, TracebackType
from typing import Self

import psycopg
from psycopg.rows import DictRow

from klods.db.pool import Pool
from klods.db.role_family import RoleFamily
from klods.db.units.opening import SEARCH_PATH, Opening
from klods.db.units.unit import Unit
from klods.errors import KlodsError
from klods.kernel.config import Environment
from klods.kernel.ports import Blobs, Cipher

log = logging.getLogger(__name__)

HOST_CONNECTIONS = 4
"""How many the host needs at most besides those of modules: its own statements are short."""


class Database:
    """One PostgreSQL database; open while in a with statement.

    At first units sign in as the host does. After `isolate` they have a login and a pool of their own, and work in the
    role of their module; then ``pool_size`` is the size of that pool.
    """

    family: RoleFamily | None = None
    """The roles of the modules; None while units work as the host's login."""

    blobs: Blobs | None = None
    """Where the contents stand of files that modules have stored."""

    cipher: Cipher | None = None
    """What secrets in the configuration of modules are encrypted with."""

    environment: Environment = MappingProxyType({})
    """Values of ``MODULES__<CODE>__<KEY>``."""

    def __init__(self, conninfo: str, *, pool_size: int = 10, wait_seconds: float = 10) -> None:
        self.conninfo = conninfo
        self.pool_size = pool_size
        self.wait_seconds = wait_seconds
        """How long a unit waits for a free connection."""
        self.mail_waits = threading.Event()
        """Set when a unit of this process has kept mail that is to be sent."""
        self._host = self._modules = Pool(conninfo, size=pool_size, wait_seconds=wait_seconds)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._host.open()
        self._open.callback(self._host.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def announce(self) -> None:
        """Let other processes look now for what was kept; they would find it within a second by themselves."""
        try:
            with self.connection() as connection:
                connection.execute("select pg_notify('klods', '')")
        except (psycopg.Error, KlodsError) as error:
            log.warning("could not tell other processes of a change, which they will find later: %s", error)

    def isolate(self, family: RoleFamily, conninfo: str) -> None:
        """From now on units sign in with another login, and each works in a role of its module."""
        pool = Pool(conninfo, size=self.pool_size, wait_seconds=self.wait_seconds, search_path=SEARCH_PATH)
        pool.open()
        self._open.callback(pool.close)
        self._modules, self.family = pool, family
        self._host.shrink(HOST_CONNECTIONS)

    def check_reachable(self) -> None:
        """Raise `NoDatabase` when the host itself is not let in."""
        self._host.check_reachable()

    def connection(self) -> AbstractContextManager[psycopg.Connection[DictRow]]:
        """A connection for the host's own statements: rows are dictionaries, each statement commits by itself."""
        return self._host.connection()

    def unit(self, opening: Opening) -> Unit:
        """A unit that takes a connection when its first statement is run."""
        return Unit(self._modules, self.in_role(opening))

    def in_role(self, opening: Opening) -> Opening:
        """The opening in the role of its module, if modules have roles."""
        return opening if self.family is None else _in_role(self.family, opening)

    def forget_plans(self) -> None:
        """Let no connection use what it prepared before, because tables were altered.

        PostgreSQL refuses a prepared ``select *`` whose table has got another column since.
        """
        for pool in {self._host, self._modules}:
            pool.forget_plans()


@lru_cache(maxsize=4096)
def _in_role(family: RoleFamily, opening: Opening) -> Opening:
    """The same for every request of a module on a platform, so that its SQL is spelled once."""
    role = family.reader(opening.module) if opening.read_only else family.writer(opening.module)
    return replace(opening, role=role)
