"""Databases in which a module is enabled, made once per module and run, and copied for every test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from klods.errors import KlodsError
from klods.kernel.plan import Action
from klods.kernel.subject import DEFAULT_PLATFORM
from klods.settings import Settings
from klods.testing.copies import Copies
from klods.web.auth.secrets import TOKEN_PREFIX, digest, new_secret


class Templates:
    """The template databases of one run, by the folder of the module that is enabled in them."""

    def __init__(self, copies: Copies, host_template: str, home: Path) -> None:
        self._copies = copies
        self._host_template = host_template
        self._home = home
        self._made: dict[Path, str | KlodsError] = {}
        self.token = new_secret(TOKEN_PREFIX)
        """An administrator's token that every copy knows."""

    def prepare(self, folder: Path) -> str:
        """The name of the database in which the module of that folder is enabled; raise why it cannot be, once tried."""
        if folder not in self._made:
            try:
                self._made[folder] = self._make(folder)
            except KlodsError as error:
                self._made[folder] = error
        made = self._made[folder]
        if isinstance(made, KlodsError):
            raise made
        return made

    @contextmanager
    def copy(self, folder: Path) -> Iterator[str]:
        """The conninfo of a new database in which the module of that folder is enabled."""
        with self._copies.use(self.prepare(folder)) as name:
            yield self._copies.conninfo(name)

    def settings(self, folder: Path, conninfo: str) -> Settings:
        """How a hub is set up whose modules are those beside the folder: they run from where they stand."""
        return Settings(
            _env_file=None,
            home=self._home,
            modules_dir=folder.parent,
            database_url=SecretStr(conninfo),
            auto_reload=True,
            smtp_url=None,
        )

    def _make(self, folder: Path) -> str:
        from klods.bootstrap import build

        name = self._copies.keep(self._host_template)
        with build(self.settings(folder, self._copies.conninfo(name))) as klods:
            catalog = klods.catalog()
            code = next((code for code, module in catalog.items() if module.source.folder == folder), folder.name)
            klods.lifecycle.apply(klods.lifecycle.plan(Action.ENABLE, code, DEFAULT_PLATFORM), actor="tests")
            for enabled in sorted(klods.states.read().enabled(DEFAULT_PLATFORM)):
                klods.lifecycle.apply(klods.lifecycle.plan(Action.LIVE, enabled, DEFAULT_PLATFORM), actor="tests")
            klods.people.tokens.create(
                "tests", digest(self.token), klods.people.accounts.first_admin().on(DEFAULT_PLATFORM)
            )
        return name
