"""The one place where everything is wired."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from klods.db.database import Database
from klods.db.migrator import ModuleMigrator, migrate_host
from klods.db.people import People
from klods.db.processes import LiveProcesses
from klods.db.server import open_server
from klods.db.stores import StateRows
from klods.kernel.catalog import Catalog, Origin
from klods.kernel.discovery import Place, discover
from klods.kernel.importer import ModuleImporter
from klods.kernel.lifecycle import Lifecycle
from klods.outbound.approved import ApprovedCopies
from klods.outbound.probe import ChildProbe
from klods.settings import Settings

if TYPE_CHECKING:
    from klods.web.app import WebApp


@dataclass(frozen=True)
class Klods:
    """One process's hub: what lives as long as the process, and nothing that lives longer."""

    settings: Settings
    database: Database
    importer: ModuleImporter

    @cached_property
    def probe(self) -> ChildProbe:
        """The child process in which unknown module code runs first."""
        return ChildProbe(self.settings.home.absolute() / "cache" / "definitions")

    @cached_property
    def contents(self) -> ApprovedCopies:
        """The approved copies of modules."""
        return ApprovedCopies(self.settings.approved_dir, in_place=self.settings.auto_reload)

    @cached_property
    def states(self) -> StateRows:
        """The stored states of all modules."""
        return StateRows(self.database, self.migrator)

    @cached_property
    def migrator(self) -> ModuleMigrator:
        """What runs migrations."""
        return ModuleMigrator(self.database)

    @cached_property
    def people(self) -> People:
        """Accounts, sign-ins and tokens."""
        return People(self.database)

    @cached_property
    def processes(self) -> LiveProcesses:
        """The other processes of this hub."""
        return LiveProcesses(self.database)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Plans and applies what happens to modules."""
        return Lifecycle(
            discover=self.catalog,
            states=self.states,
            migrator=self.migrator,
            contents=self.contents,
            probe=self.probe,
            processes=self.processes,
        )

    def catalog(self) -> Catalog:
        """Every module that can be found now, however broken."""
        return discover(places(self.settings), self.probe)

    def web_app(self) -> "WebApp":
        """The ASGI application of this process."""
        from klods.web.app import WebApp

        return WebApp(self)


def places(settings: Settings) -> tuple[Place, ...]:
    """Where modules are looked for, the built-in ones first."""
    return (
        Place(Path(__file__).with_name("modules"), Origin.BUILTIN),
        Place(settings.modules_dir.absolute(), Origin.FOLDER),
    )


@contextmanager
def build(settings: Settings) -> Iterator[Klods]:
    """Open the hub's database, bring the host's own tables up to date, and wire the rest around it."""
    url = settings.database_url.get_secret_value() if settings.database_url else None
    importer = ModuleImporter()
    home = settings.home.absolute()
    with open_server(home, url) as conninfo, Database(conninfo, pool_size=settings.pool_size) as db:
        migrate_host(db)
        importer.install()
        try:
            yield Klods(settings, db, importer)
        finally:
            importer.remove()
