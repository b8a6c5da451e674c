"""Databases in which a module is enabled, made once per module and run, and copied for every test."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from klods.kernel.plan import Action
from klods.settings import Settings

PLATFORM = 1


class Templates:
    """The template databases of one run; they go when it ends."""

    def __init__(self, server: str, host_template: str, home: Path) -> None:
        self._server = server
        self._host_template = host_template
        self._home = home
        self._stack = ExitStack()
        self._made: dict[Path, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The conninfo of a new database in which the module of that folder is enabled."""
        if folder not in self._made:
            self._made[folder] = self._make(folder)
        with self._database(self._made[folder]) as name:
            yield make_conninfo(self._server, dbname=name)

    def settings(self, folder: Path, conninfo: str) -> Settings:
        """How a hub is set up whose modules are those beside the folder: they run from where they stand."""
        return Settings(
            _env_file=None,
            home=self._home,
            modules_dir=folder.parent,
            database_url=SecretStr(conninfo),
            auto_reload=True,
        )

    def _make(self, folder: Path) -> str:
        from klods.bootstrap import build

        name = self._stack.enter_context(self._database(self._host_template))
        with build(self.settings(folder, make_conninfo(self._server, dbname=name))) as klods:
            catalog = klods.catalog()
            code = next((code for code, module in catalog.items() if module.source.folder == folder), folder.name)
            klods.lifecycle.apply(klods.lifecycle.plan(Action.ENABLE, code, PLATFORM), actor="tests")
        return name

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield name
        finally:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
