"""A host's web part on a real database, with modules that exist on paper only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from starlette.types import ASGIApp

from klods.db.config_rows import ConfigRows
from klods.db.database import Database
from klods.db.module_log import ModuleLog
from klods.db.people.accounts import Account
from klods.db.people.personal import PersonRows
from klods.db.people.stores import People
from klods.db.retention import RetentionRows
from klods.db.tenants.menus import MenuRows
from klods.db.tenants.platforms import PlatformRows
from klods.db.tenants.tiers import TierRows
from klods.db.tenants.vendors import Vendors
from klods.errors import CoreModule, KlodsError, StalePlan
from klods.kernel.catalog import Catalog, Module, Source
from klods.kernel.configuring import Configuration
from klods.kernel.definition import ModuleDefinition
from klods.kernel.history import Acknowledgement
from klods.kernel.lifecycle import Outcome
from klods.kernel.mailing import Letter
from klods.kernel.overview import Known
from klods.kernel.personal_data import PersonalData
from klods.kernel.plan import TAKES_OUT, Action, Do, Intent, Plan, Step
from klods.kernel.planning import make_plan
from klods.kernel.problems import Problem, Problems
from klods.kernel.retaining import RetentionRules
from klods.kernel.state import Activation, Active, Installation, Installed, States, StoredSwitches
from klods.kernel.view import View
from klods.outbound.keyring import Keyring
from klods.outbound.probe import ChildProbe
from klods.testing.memory import MemoryTables
from klods.web.asking import Recognition
from klods.web.auth.tokens import issue_token
from klods.web.engine.snapshot import Entry, Snapshot, Switchboard
from klods.web.host import create_host_app, given, make_errors, make_pages
from klods.web.middleware import guarded
from klods.web.pages.sources import host_texts
from klods.web.services import HostServices

PASSWORD = "four quiet herons"
KEY = Fernet.generate_key().decode()
ENVIRONMENT = {"fixed_here": {"region": "dk", "token": "from-the-environment"}}
GRANTS = {"invoices": ("read customers_customers (id, name)", "reference customers_customers (id)")}
password_hash_of = cache(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash)
"""As strong as a test needs: what is checked against it takes no longer than it did."""


@dataclass
class PaperLifecycle:
    """Switches rows of states and nothing else; tells what the test wants it to tell."""

    catalog: Catalog
    states: States = field(default_factory=States)
    late: tuple[str, ...] = ()
    refusal: KlodsError | None = None
    planning_refusal: KlodsError | None = None
    """Raised for every plan until somebody says that tables may be shared."""

    actors: list[str] = field(default_factory=list)
    tables: MemoryTables = field(default_factory=MemoryTables)
    log: ModuleLog | None = None

    @property
    def migrator(self):
        waiting = {"invoices": ("002_more",)}
        return SimpleNamespace(
            pending=lambda module: waiting.get(module.code, ()),
            all_pending=lambda modules: {module.code: waiting.get(module.code, ()) for module in modules},
        )

    def read(self) -> States:
        return self.states

    def plan(self, action: Action, code: str, platform_id: int, *, along=(), archive=0) -> Plan:
        if action in TAKES_OUT or archive:
            view = View(self.catalog, self.states, lambda _: (), str, tables=self.tables)
            return make_plan(view, Intent(action, code, platform_id, tuple(along), archive))
        module = self.catalog.find(code)
        enabled = self.states.activation(code, platform_id).state is Active.ENABLED
        if action is Action.DISABLE and module.definition.is_core:
            raise CoreModule(module=code)
        if action in (Action.LIVE, Action.HOLD):
            return make_plan(View(self.catalog, self.states, lambda _: (), str), Intent(action, code, platform_id))
        if enabled is (action is Action.ENABLE):
            return Plan(action, code, platform_id)
        steps = (Step(Do.DISABLE, code),)
        if action is Action.ENABLE:
            version = module.definition.version
            steps = (
                Step(Do.INSTALL, code, after=version, grants=GRANTS.get(code, ())),
                Step(Do.MIGRATE, code, ("001_init",)),
                Step(Do.ENABLE, code),
            )
        warnings = ("Its tables are shared by all platforms.",) if code == "invoices" else ()
        return Plan(action, code, platform_id, steps, warnings)

    def plan_for(self, intent: Intent) -> Plan:
        if self.planning_refusal and not intent.shared:
            raise self.planning_refusal
        if intent.action is Action.UNDO:
            return make_plan(View(self.catalog, self.states, lambda _: (), str, log=self.log), intent)
        return self.plan(intent.action, intent.target, intent.platform_id, along=intent.along, archive=intent.archive)

    def apply(self, plan: Plan, *, actor: str, why: str = "", token: str | None = None) -> Outcome:
        if self.refusal:
            raise self.refusal
        if token is not None and token != plan.token:
            raise StalePlan
        self.actors.append(actor)
        if plan.action in (Action.LIVE, Action.HOLD):
            self.turn(plan)
            return Outcome(plan, self.states.generation, self.late, Problems())
        self.put(plan.target, Active.ENABLED if plan.action is Action.ENABLE else Active.DISABLED)
        return Outcome(plan, self.states.generation, self.late, Problems())

    def known(self, catalog: Catalog, states: States) -> Known:
        return Known(catalog, states)

    def turn(self, plan: Plan) -> None:
        on = plan.action is Action.HOLD
        row = StoredSwitches(plan.target, plan.platform_id, read_only=on, dry_run=on)
        self.states = replace(self.states, switches={(plan.target, plan.platform_id): row})

    def put(self, code: str, active: Active, installed: Installed = Installed.INSTALLED, **why) -> None:
        before = self.states
        self.states = replace(
            before,
            generation=before.generation + 1,
            installations={**before.installations, code: Installation(code, installed, "1.0.0", **why)},
            activations={**before.activations, (code, 1): Activation(code, 1, active)},
        )


@dataclass
class Hub:
    """The app and what a test wants to reach behind it."""

    app: ASGIApp
    services: HostServices
    lifecycle: PaperLifecycle
    database: Database
    letters: list[tuple[Letter, int]]
    """The mail that the hub itself has sent, and for which platform."""

    @property
    def people(self) -> People:
        return self.services.people

    def admin(self, login: str = "admin", password: str | None = PASSWORD) -> Account:
        password_hash = password_hash_of(password) if password else None
        account = self.people.accounts.create(Account(0, login, "Ada Holm", password_hash=password_hash))
        self.people.roles.give(self.people.roles.find("administrator", 1), account.id)
        return account

    def token(self, account: Account, name: str = "test") -> str:
        return issue_token(self.people, name, account.on(1))

    def follow_platforms(self) -> None:
        """Know the platforms that are stored now."""
        snapshot = self.services.switchboard.current
        self.services.switchboard.swap(replace(snapshot, platforms=self.services.platforms.read()))

    def follow(self) -> None:
        """Serve what the states say now, as a process does when it is told."""
        enabled = self.lifecycle.states.enabled(1)
        entries = {code: Entry(self.lifecycle.catalog[code], "one") for code in enabled}
        self.services.switchboard.swap(Snapshot(self.lifecycle.states.generation, entries, {1: enabled}))


def paper_module(code: str, folder: Path, **fields) -> Module:
    """A module with a folder and a definition, and no code."""
    definition = ModuleDefinition(code=code, **{"name": code.replace("_", " ").title(), **fields})
    return Module(definition, Source(code, folder / code, f"klods.modules.{code}"))


def broken(code: str, folder: Path) -> tuple[Source, Problem]:
    """A folder whose module.json nobody can read."""
    problem = Problem(code, "manifest", "module.json is not JSON: a comma is missing", "module.json", 4)
    return Source(code, folder / code, f"klods.modules.{code}"), problem


def paper_configuration(database: Database, catalog: Catalog, cache: Path) -> Configuration:
    """Real rows and a real child process, for modules that are only found; nobody has to follow."""
    return Configuration(
        rows=ConfigRows(database),
        probe=ChildProbe(cache),
        cipher=Keyring(KEY, cache / "secret.key"),
        environment=ENVIRONMENT,
        find=lambda code: (catalog.find(code), ()),
        processes=SimpleNamespace(wait=lambda generation, seconds: Acknowledgement(generation)),
    )


def paper_personal_data(database: Database, lifecycle: PaperLifecycle) -> PersonalData:
    """The hub's own people, and no module that could be asked."""
    return PersonalData(
        host=PersonRows(database),
        asker=SimpleNamespace(),
        states=lifecycle,
        running=lambda states: {},
        source=lambda code, content: None,
        tables=lifecycle.tables,
    )


@contextmanager
def open_hub(
    conninfo: str, modules: Sequence[Module] = (), wrong: Sequence[tuple[Source, Problem]] = ()
) -> Iterator[Hub]:
    """A hub over a database that holds the host's tables."""
    catalog = Catalog(modules, broken=[source for source, _ in wrong], problems=Problems(item for _, item in wrong))
    lifecycle = PaperLifecycle(catalog)
    letters: list[tuple[Letter, int]] = []
    with Database(conninfo, pool_size=6) as database, TemporaryDirectory() as cache:
        lifecycle.log = ModuleLog(database)
        services = HostServices(
            lifecycle=lifecycle,
            catalog=lambda: catalog,
            states=lifecycle,
            switchboard=Switchboard(),
            people=People(database),
            platforms=PlatformRows(database),
            vendors=Vendors(database),
            tiers=TierRows(database),
            menus=MenuRows(database),
            configuration=paper_configuration(database, catalog, Path(cache)),
            personal_data=paper_personal_data(database, lifecycle),
            retention=RetentionRules(RetentionRows(database), lifecycle, lambda states: {}),
            queue_mail=lambda letter, platform_id: letters.append((letter, platform_id)),
            texts=host_texts(),
        )
        pages = make_pages(services)
        errors = make_errors(pages)
        app = guarded(
            Recognition(create_host_app(services, errors), services.authenticator.subject),
            errors.response,
            given(pages),
            lambda: services.switchboard.current.platforms,
        )
        yield Hub(app, services, lifecycle, database, letters)
