"""The shapes of the host's API, as its OpenAPI document shows them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from klods.kernel.history import Entry
from klods.kernel.lifecycle import Outcome
from klods.kernel.overview import Row
from klods.kernel.plan import Action, Do, Intent, Plan
from klods.kernel.problems import Problem
from klods.kernel.undoing import can_be_undone
from klods.web.storable import PLAIN

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=PLAIN, strip_whitespace=True)]
Codes = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=100, pattern=PLAIN)], ...],
    Field(max_length=100, description="modules to uninstall in the same plan"),
]
Archived = Annotated[int, Field(ge=0, le=2**62, description="the number of an archive; 0 is the newest")]
Confirmation = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=100)], ...],
    BeforeValidator(lambda said: (said,) if isinstance(said, str) else said),
    Field(max_length=100, description="the code of each module that loses data, without which nothing is deleted"),
]
Shared = Annotated[bool, Field(description="let platforms see the same rows of tables without a `platform_id`")]
Why = Annotated[str, StringConstraints(max_length=500, pattern=PLAIN)]


class Shape(BaseModel):
    """What every answer has in common."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class ProblemOut(Shape):
    """One thing that is wrong with a module, and where."""

    rule: str
    message: str
    file: str
    line: int
    hint: str
    warning: bool


class PathsOut(Shape):
    """Where a module answers while it is enabled."""

    api: str
    page: str
    health: str


class ModuleOut(Shape):
    """A module that was found or is stored, however broken."""

    code: str
    name: str
    description: str
    version: str
    kind: Annotated[str, Field(description="core, internal or optional; empty for a module that cannot be read")]
    form: Annotated[str, Field(description="self_contained or wrapper")]
    is_core: bool
    is_internal: bool
    state: Annotated[str, Field(description="the one word for how it stands on your platform")]
    enabled: bool
    mode: Annotated[str, Field(description="live, read_only or dry_run; empty for a module that cannot be read")]
    reason: str
    installed: str
    active: str
    origin: str
    requires: list[str]
    required_by: list[str]
    conflicts: list[str]
    shared_tables: Annotated[
        list[str] | None, Field(description="tables that all platforms see the same rows of; null in lists of modules")
    ] = None
    pending_migrations: list[str]
    problems: list[ProblemOut]
    paths: PathsOut

    @classmethod
    def of(
        cls, row: Row, problems: Iterable[Problem], pending: Iterable[str], shared: Iterable[str] | None = None
    ) -> Self:
        """The answer for one row of the overview."""
        api, page = f"/api/v1/{row.code}", f"/{row.code}"
        return cls(
            state=row.shown,
            requires=list(row.requires),
            required_by=list(row.required_by),
            conflicts=list(row.conflicts),
            shared_tables=None if shared is None else list(shared),
            pending_migrations=list(pending),
            problems=[ProblemOut.model_validate(problem) for problem in problems],
            paths=PathsOut(api=api, page=page, health=f"{api}/health"),
            **{name: getattr(row, name) for name in _SAME},
        )


_SAME = frozenset(ModuleOut.model_fields) & frozenset(Row.__slots__) - {
    "requires",
    "required_by",
    "conflicts",
    "problems",
}


class TableOut(Shape):
    """One table of a module."""

    name: str
    rows: int
    size: Annotated[int, Field(description="in bytes, with indexes")]
    estimated: Annotated[bool, Field(description="whether the rows were too many to be counted")]


class StepOut(Shape):
    """One thing a plan does to one module."""

    do: Do
    code: str
    revisions: tuple[str, ...]
    before: str
    after: str
    content_hash: str
    grants: Annotated[
        tuple[str, ...],
        Field(description="what the module may do with tables of others, as `read customers_customers (id, name)`"),
    ]
    tables: Annotated[
        tuple[TableOut, ...], Field(description="what is kept, set aside, deleted or brought back, counted")
    ]


class PlanOut(Shape):
    """Everything an action will do, in order; hand the token back to have exactly this done."""

    action: Action
    target: str
    platform_id: int
    steps: tuple[StepOut, ...]
    warnings: tuple[str, ...]
    along: Annotated[tuple[str, ...], Field(description="the modules that are uninstalled with the target")]
    archive: Annotated[int, Field(description="the number of the archive that is restored or deleted; 0 for none")]
    shared: Annotated[bool, Field(description="whether it was said that platforms may share tables")]
    undoes: Annotated[int, Field(description="the entry of the log that is undone; 0 for none")]
    token: str

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The answer that shows a plan."""
        return cls.model_validate(plan)


class PlanIn(Shape):
    """What to plan."""

    action: Action = Action.ENABLE
    along: Codes = ()
    archive: Archived = 0
    shared: Shared = False
    entry: Annotated[int, Field(ge=0, le=2**62, description="the entry of the log to undo; 0 is the newest")] = 0

    def about(self, code: str, platform_id: int) -> Intent:
        """What is asked for about a module."""
        return Intent(self.action, code, platform_id, self.along, self.archive, self.shared, self.entry)


class SwitchIn(Shape):
    """Which plan to apply, and why; without a token it is the plan as it is now."""

    token: Annotated[str | None, StringConstraints(max_length=200)] = None
    why: Why = ""


class EnableIn(SwitchIn):
    """The same, and whether the module goes live at once; else it starts with its safety switches on."""

    live: bool = False
    shared: Shared = False


class UninstallIn(SwitchIn):
    """What becomes of the tables, and which modules go together with this one."""

    data: Annotated[Literal["keep", "archive", "drop"], Field(description="what becomes of the tables")] = "keep"
    along: Codes = ()
    confirm: Confirmation = ()

    @property
    def action(self) -> Action:
        """The action that this asks for."""
        return {"keep": Action.UNINSTALL, "archive": Action.ARCHIVE, "drop": Action.DROP}[self.data]


class RestoreIn(SwitchIn):
    """Which archive."""

    archive: Archived = 0


class ArchiveOut(Shape):
    """The tables of a module, set aside as they were on a day."""

    id: int
    at: datetime
    version: str
    revision: Annotated[str, Field(description="the migration at which the tables stand")]
    tables: tuple[TableOut, ...]
    counted: Annotated[tuple[int, int, int], Field(description="how many tables, rows in them, and files")]


class OutcomeOut(Shape):
    """What was done, and which processes have not followed yet."""

    plan: PlanOut
    generation: int
    late: tuple[str, ...]
    problems: list[ProblemOut]

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The answer that shows an outcome."""
        return cls(
            plan=PlanOut.of(outcome.plan),
            generation=outcome.generation,
            late=outcome.late,
            problems=[ProblemOut.model_validate(problem) for problem in outcome.problems],
        )


class MigrationsOut(Shape):
    """The migrations of a module that have not run yet, oldest first."""

    code: str
    pending: list[str]


class TurnedOut(Shape):
    """How one module stood before and after."""

    code: str
    before: str
    after: str


class AcknowledgementOut(Shape):
    """Which processes had followed when the action was answered."""

    followed: tuple[str, ...]
    late: tuple[str, ...]
    seconds: float
    generation: int


class LogOut(Shape):
    """One entry of the log: who did what, why, and how it ended."""

    id: int
    at: datetime
    actor: str
    action: str
    code: Annotated[str, Field(description="the module that was asked for")]
    platform_id: int
    outcome: str
    why: str
    plan: dict[str, Any]
    changes: Annotated[list[TurnedOut], Field(description="every module that something was done to, in order")]
    undoes: Annotated[int | None, Field(description="the entry whose effect this one took back")]
    undone_by: int | None
    can_be_undone: Annotated[bool, Field(description="whether it has an inverse; the plan says whether it fits now")]
    acknowledgement: Annotated[
        AcknowledgementOut | None,
        Field(description="null for what failed, and for a process that died before it noted it"),
    ]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The answer that shows an entry."""
        facts = {name: getattr(entry, name) for name in cls.model_fields if name != "can_be_undone"}
        return cls.model_validate(facts | {"plan": dict(entry.plan), "can_be_undone": can_be_undone(entry)})


class ChangedRowOut(Shape):
    """One row that would have been inserted, updated or deleted."""

    table: str
    op: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


class OutgoingOut(Shape):
    """Something that would have gone out."""

    kind: Annotated[str, Field(description="http, mail or file")]
    op: Annotated[str, Field(description="the HTTP method, send, write or delete")]
    target: Annotated[str, Field(description="the address without its secrets, the recipients or the path")]
    size: Annotated[int | None, Field(description="bytes; null for what is sent in pieces")]
    details: dict[str, Any]


class DryRunOut(Shape):
    """What a dry run would have changed."""

    id: str
    module: str
    platform_id: int
    at: datetime
    status: int
    counts: Annotated[
        dict[str, tuple[int, int, int]], Field(description="inserted, updated and deleted rows by table, exact")
    ]
    rows: Annotated[list[ChangedRowOut], Field(description="the rows in the order of their changes, at most 1,000")]
    outgoing: Annotated[list[OutgoingOut], Field(description="requests, mail and files, at most 1,000")] = []


class TokenIn(Shape):
    """The name for a new token."""

    name: Name


class NewTokenOut(Shape):
    """A new token; it is shown this once."""

    name: str
    token: str


class TokenOut(Shape):
    """A token in force."""

    name: str
    login: str
    created_at: datetime
    last_used_at: datetime | None


class HealthOut(Shape):
    """Whether this process can do its work."""

    status: str
    reason: str = ""
    version: str
    modules: dict[str, int] = {}
    warnings: list[str] = []
    isolation: Annotated[str, Field(description="how far modules are kept apart in the database")] = ""


class ErrorOut(BaseModel):
    """Every refusal and every failure looks like this."""

    error: str
    message: str
    hint: str
    request_id: str
    data: dict[str, Any]
