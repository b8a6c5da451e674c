"""Copies of template databases, the next one made while the present one is used."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from psycopg.conninfo import make_conninfo

from klods.testing.databases import create_database, drop_database


class Copies:
    """Makes and drops databases on one server; whatever it made is gone when it ends."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._next: dict[str, Future[str]] = {}
        self._kept: list[str] = []
        self._aside = ThreadPoolExecutor(1, "klods-copies")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._aside.shutdown()
        for name in [*(future.result() for future in self._next.values() if not future.exception()), *self._kept]:
            drop_database(self._server, name)

    def keep(self, template: str) -> str:
        """The name of a copy that stays until the end."""
        self._kept.append(create_database(self._server, template))
        return self._kept[-1]

    @contextmanager
    def use(self, template: str) -> Iterator[str]:
        """The name of a copy that goes after use."""
        waiting = self._next.pop(template, None)
        name = waiting.result() if waiting else create_database(self._server, template)
        self._next[template] = self._aside.submit(create_database, self._server, template)
        try:
            yield name
        finally:
            self._aside.submit(drop_database, self._server, name)

    def conninfo(self, name: str) -> str:
        """How to connect to a copy."""
        return make_conninfo(self._server, dbname=name)
