"""Copies of template databases, the next one made while the present one is used."""

import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo


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
            self._drop(name)

    def keep(self, template: str) -> str:
        """The name of a copy that stays until the end."""
        self._kept.append(self._create(template))
        return self._kept[-1]

    @contextmanager
    def use(self, template: str) -> Iterator[str]:
        """The name of a copy that goes after use."""
        waiting = self._next.pop(template, None)
        name = waiting.result() if waiting else self._create(template)
        self._next[template] = self._aside.submit(self._create, template)
        try:
            yield name
        finally:
            self._aside.submit(self._drop, name)

    def conninfo(self, name: str) -> str:
        """How to connect to a copy."""
        return make_conninfo(self._server, dbname=name)

    def _create(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def _drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
