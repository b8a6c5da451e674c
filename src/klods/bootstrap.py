"""The one place where everything is wired."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from klods.db.config_rows import ConfigRows
from klods.db.database import Database
from klods.db.dry_runs import DryRuns
from klods.db.holdings.tables import ModuleTables
from klods.db.mail_queue import MailQueue
from klods.db.migrating.migrator import ModuleMigrator, migrate_host
from klods.db.module_log import ModuleLog
from klods.db.own_connection import own_transaction
from klods.db.people.asking import Around, HereAndNow
from klods.db.people.personal import PersonRows
from klods.db.people.stores import People
from klods.db.processes import LiveProcesses
from klods.db.retention import RetentionRows
from klods.db.roles.adopting import adopt, needs_adoption
from klods.db.roles.capturing import arm_installed
from klods.db.roles.isolating import Isolation, isolate
from klods.db.roles.weaknesses import Weakness, weaknesses
from klods.db.server import open_server, read_url
from klods.db.stored_files import hub_id, known_contents
from klods.db.stores import StateRows
from klods.db.tenants.menus import MenuRows
from klods.db.tenants.platforms import PlatformRows
from klods.db.tenants.tiers import TierRows
from klods.db.tenants.vendors import Vendors
from klods.errors import InUse, KlodsError, UnreadableSecret
from klods.kernel.catalog import Catalog, Module, Origin, Source
from klods.kernel.configured import Configurations
from klods.kernel.configuring import Configuration, resealed
from klods.kernel.discovery import Place, discover, entry_points, read_wishes
from klods.kernel.graph import closure
from klods.kernel.importer import ModuleImporter
from klods.kernel.lifecycle import Lifecycle
from klods.kernel.personal_data import Asker, PersonalData
from klods.kernel.retaining import RetentionRules
from klods.kernel.state import Active, Installed, States, StoredConfig
from klods.kernel.switches import effective
from klods.outbound.approved import ApprovedCopies
from klods.outbound.blobs import MEGABYTE, DiskBlobs
from klods.outbound.installed import InstalledModules
from klods.outbound.keyring import Keyring
from klods.outbound.postman import Postman
from klods.outbound.probe import ChildProbe
from klods.outbound.smtp import MailServer, read_mail_server
from klods.settings import Settings

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from starlette.types import Scope as Asgi

    from klods.web.app import WebApp

log = logging.getLogger(__name__)

NONE_YET = -1
NOT_READ = "the states of the modules have not been read yet"


@dataclass(frozen=True)
class Klods:
    """One process's hub: what lives as long as the process, and nothing that lives longer."""

    settings: Settings
    database: Database
    isolation: Isolation
    importer: ModuleImporter

    @cached_property
    def probe(self) -> ChildProbe:
        """The child process in which unknown module code runs first."""
        return make_probe(self.settings)

    @cached_property
    def contents(self) -> ApprovedCopies:
        """The approved copies of modules."""
        return ApprovedCopies(self.settings.approved_dir, in_place=self.settings.auto_reload)

    @cached_property
    def blobs(self) -> DiskBlobs:
        """The contents of files that modules have stored."""
        return DiskBlobs(self.settings.files_dir, self.settings.file_megabytes * MEGABYTE)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys that secrets are encrypted with."""
        return make_keyring(self.settings)

    @cached_property
    def configuration(self) -> Configuration:
        """What is set for modules, and by whom."""
        return Configuration(
            rows=ConfigRows(self.database),
            probe=self.probe,
            cipher=self.keyring,
            environment=self.settings.modules,
            find=self._configurable,
            processes=self.processes,
            seconds=self.settings.acknowledge_seconds,
        )

    def _configurable(self, code: str) -> tuple[Module, tuple[Source, ...]]:
        """A module as it runs, or as it was found while it is not installed, and the files of those it needs."""
        known, running = self.known(), self._in_force(self.states.read())
        module = running.get(code) or known.find(code)
        needed = closure(known.definitions, [module.code]) - {module.code}
        return module, tuple((running.get(it) or known[it]).source for it in sorted(needed) if it in known)

    @cached_property
    def states(self) -> StateRows:
        """The stored states of all modules."""
        return StateRows(self.database)

    @cached_property
    def migrator(self) -> ModuleMigrator:
        """What runs migrations."""
        return ModuleMigrator(self.database)

    @cached_property
    def tables(self) -> ModuleTables:
        """What stands in the database of modules, and what was set aside."""
        return ModuleTables(self.database)

    @cached_property
    def log(self) -> ModuleLog:
        """What was done to modules."""
        return ModuleLog(self.database)

    @cached_property
    def people(self) -> People:
        """Accounts, sign-ins and tokens."""
        return People(self.database)

    @cached_property
    def platforms(self) -> PlatformRows:
        """The tenants of this hub."""
        return PlatformRows(self.database)

    @cached_property
    def vendors(self) -> Vendors:
        """The companies that work on platforms with accounts of their own."""
        return Vendors(self.database)

    @cached_property
    def tiers(self) -> TierRows:
        """Which features platforms and vendors have."""
        return TierRows(self.database)

    @cached_property
    def processes(self) -> LiveProcesses:
        """The other processes of this hub."""
        return LiveProcesses(self.database)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """Plans and applies what happens to modules."""
        return Lifecycle(
            discover=self.known,
            wishes=partial(read_wishes, places(self.settings)),
            states=self.states,
            migrator=self.migrator,
            contents=self.contents,
            probe=self.probe,
            tables=self.tables,
            log=self.log,
            processes=self.processes,
            in_force=self.installed.definitions,
            environment=self.settings.modules,
            cipher=self.keyring,
            seconds=self.settings.acknowledge_seconds,
        )

    def personal_data(self, asker: Asker | None = None) -> PersonalData:
        """What is held about people; modules are asked by the asker, or in this process."""
        return PersonalData(
            host=PersonRows(self.database),
            asker=asker or HereAndNow(self.importer, self._around),
            states=self.states,
            running=self._in_force,
            source=self._source,
            tables=self.tables,
            environment=self.settings.modules,
        )

    @cached_property
    def retention(self) -> RetentionRules:
        """How long modules keep what they hold."""
        return RetentionRules(RetentionRows(self.database), self.states, self._in_force, self.settings.modules)

    def _in_force(self, states: States) -> dict[str, Module]:
        return {module.code: module for module, _ in self.installed.modules(states)}

    def _around(self) -> Around:
        """What a module that is asked in this process may know of the others."""
        states = self.states.read()
        modules, environment = self._in_force(states), self.settings.modules
        return Around(
            self.database,
            modules,
            is_enabled=lambda code, platform: code in states.enabled(platform),
            switches=lambda code, platform: effective(
                modules[code].definition, states.stored_switches(code, platform), environment
            ),
            configuration=Configurations(modules, states.configs, environment, self.keyring).of,
        )

    def _source(self, code: str, content: str) -> Source | None:
        """The files of a module that is not installed: as it ran last, or as it is found now."""
        found = self.contents.find(code, content)
        module = None if found else self.catalog().get(code)
        return module.source if module else found

    @cached_property
    def installed(self) -> InstalledModules:
        """The modules in force, from their approved copies."""
        return InstalledModules(self.contents, self.probe, self.catalog)

    def catalog(self) -> Catalog:
        """Every module that can be found now, however broken."""
        return discover(places(self.settings), self.probe)

    def known(self) -> Catalog:
        """What can be found, and in the place of what is gone or broken now its approved copy."""
        catalog = self.catalog()
        return catalog.completed(self.installed.beyond(catalog, self.states.read()))

    def weaknesses(self) -> tuple[Weakness, ...]:
        """What the server leaves open between modules now."""
        return weaknesses(self.database, self.isolation)

    def adopt(self) -> tuple[str, ...]:
        """Give installed modules that have no roles in the database theirs; return their codes."""
        states = self.states.read()
        installed = [row.code for row in states.installations.values() if row.state is Installed.INSTALLED]
        if not needs_adoption(self.database, installed):
            return ()
        return adopt(self.database, self.installed.definitions(states).values())

    def arm(self) -> tuple[str, ...]:
        """Let tables tell what dry runs would change in them that were made before this was asked of them."""
        return arm_installed(self.database, lambda: self.installed.definitions(self.states.read()).values())

    @cached_property
    def mail(self) -> MailQueue:
        """Mail that waits, was sent or failed."""
        return MailQueue(self.database)

    def warnings(self) -> tuple[str, ...]:
        """What somebody should look after, for people; empty while all is well."""
        if self.settings.smtp_url is None and (waiting := self.mail.waiting()):
            return (f"mail waits ({waiting}), because KLODS_SMTP_URL names no mail server",)
        return ()

    def rotate_key(self, *, actor: str) -> int:
        """Encrypt every secret with the first key, row by row, each kept at once; return how many rows changed.

        Raises `UnreadableSecret` at the end, with every secret that no present key opens.
        """
        rows, changed = ConfigRows(self.database), 0
        lost: list[str] = []
        for row in rows.sealed():
            stored = StoredConfig(row.module, row.platform_id, secrets=row.secrets)
            secrets, unread = resealed(stored, self.keyring)
            lost += unread
            # One that was changed meanwhile was encrypted by a process that may not know the new key: the next run finds it.
            changed += secrets != row.secrets and rows.reseal(row, secrets)
        rows.announce_rotation(actor, changed)
        if lost:
            raise UnreadableSecret(what=", ".join(dict.fromkeys(lost)), reason="None of the present keys fits.")
        return changed

    def sweep_files(self) -> int:
        """Remove contents of files that no module knows any more; return how many."""
        if self.blobs.hub != hub_id(self.database):
            log.warning("%s belongs to another hub, so nothing is removed there", self.settings.files_dir)
            return 0
        return self.blobs.sweep(partial(known_contents, self.database))

    def take_back(self, code: str, revision: str) -> tuple[str, ...]:
        """Undo a module's migrations after a revision, while it is off everywhere; return what was undone."""
        with self.states.alone():
            module, states = self.known().find(code), self.states.read()
            for (active, platform), row in states.activations.items():
                if active == module.code and row.state is not Active.DISABLED:
                    raise InUse(what=f"the tables of {code}", who=f"the module itself on platform {platform}")
            with own_transaction(self.database, lock_seconds=5) as connection:
                return self.migrator.downgrade(connection, module, revision)

    def web_app(self) -> "WebApp":
        """The ASGI application of this process."""
        from klods.web.app import Process, WebApp
        from klods.web.engine.errands import LoadedModules
        from klods.web.engine.snapshot import Snapshot, Switchboard
        from klods.web.pages.sources import host_texts
        from klods.web.services import HostServices

        server = mail_server(self.settings)
        switchboard = Switchboard(Snapshot(generation=NONE_YET, platforms=self.platforms.read()))
        services = HostServices(
            lifecycle=self.lifecycle,
            catalog=self.catalog,
            states=self.states,
            switchboard=switchboard,
            people=self.people,
            platforms=self.platforms,
            vendors=self.vendors,
            tiers=self.tiers,
            menus=MenuRows(self.database),
            configuration=self.configuration,
            personal_data=self.personal_data(LoadedModules(switchboard)),
            retention=self.retention,
            find_dry_run=DryRuns(self.database).find,
            why_not_ready=lambda: NOT_READ if switchboard.current.generation == NONE_YET else "",
            warnings=self.warnings,
            queue_mail=self.mail.put,
            can_mail=server is not None,
            address=self.settings.address,
            texts=host_texts(),
            isolation=self.isolation.value,
            weaknesses=self.weaknesses,
            secure_cookies=self.settings.secure_cookies,
            auto_reload=self.settings.auto_reload,
        )
        process = Process(
            self.database,
            self.importer,
            self.installed.modules,
            address=self.settings.address,
            worker_threads=self.settings.worker_threads,
            drain_seconds=self.settings.drain_seconds,
            postman=Postman(self.mail, server.send, self.database.mail_waits) if server else None,
        )
        return WebApp(services, process)


def places(settings: Settings) -> tuple[Place, ...]:
    """Where modules are looked for, the built-in ones first."""
    return (
        Place(Path(__file__).with_name("modules"), Origin.BUILTIN),
        Place(settings.modules_dir.absolute(), Origin.FOLDER),
        *entry_points(),
    )


def make_probe(settings: Settings) -> ChildProbe:
    """What reads and tries modules in a child process, and remembers what it read below the hub's home."""
    return ChildProbe(settings.home.absolute() / "cache" / "definitions")


def make_keyring(settings: Settings) -> Keyring:
    """The keys that the settings name, or the file in the hub's home."""
    key = settings.secret_key
    return Keyring(key.get_secret_value() if key else None, settings.secret_key_file)


def database(settings: Settings) -> AbstractContextManager[str]:
    """Hold the hub's database, as one of its users; gives the conninfo of the host's login."""
    url = settings.database_url.get_secret_value() if settings.database_url else None
    return open_server(settings.home.absolute(), url)


def mail_server(settings: Settings) -> MailServer | None:
    """The server that mail is handed to, where the settings name one; raise `InvalidSettings`."""
    url = settings.smtp_url
    return read_mail_server(url.get_secret_value(), settings.mail_from) if url else None


def modules_login(settings: Settings) -> str | None:
    """The conninfo of the login of modules, where the settings name one."""
    url = settings.modules_database_url
    return read_url(url.get_secret_value()) if url else None


@contextmanager
def build(settings: Settings) -> Iterator[Klods]:
    """Open the hub's database, bring the host's own tables up to date, and wire the rest around it."""
    importer = ModuleImporter()
    mail_server(settings)
    with database(settings) as conninfo, Database(conninfo, pool_size=settings.pool_size) as db:
        migrate_host(db)
        isolation = isolate(db, modules_login(settings))
        importer.install()
        try:
            klods = Klods(settings, db, isolation, importer)
            db.blobs = klods.blobs
            db.cipher = klods.keyring
            db.environment = settings.modules
            if not klods.blobs.hub:
                klods.blobs.take(hub_id(db))
            klods.adopt()
            klods.arm()
            klods.lifecycle.recover()
            yield klods
        finally:
            importer.remove()


class ServedHub:
    """The ASGI application of one web process, on the hub it opens when its server starts and closes when that ends."""

    def __init__(self, opening: AbstractContextManager[Klods]) -> None:
        self._opening = opening
        self._app: WebApp | None = None

    async def __call__(self, scope: "Asgi", receive: "Receive", send: "Send") -> None:
        """Answer one request, or live one lifespan."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)

    def stop_soon(self) -> None:
        """Make ready for the end of the server, which comes when running requests are answered."""
        if self._app is not None:
            self._app.stop_soon()

    async def _live(self, scope: "Asgi", receive: "Receive", send: "Send") -> None:
        with ExitStack() as stack:
            try:
                klods = stack.enter_context(self._opening)
            except KlodsError as error:
                await send({"type": "lifespan.startup.failed", "message": f"{error} {error.advice}".strip()})
                return
            self._app = klods.web_app()
            await self._app(scope, receive, send)
