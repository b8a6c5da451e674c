"""Runs what a module says about a person in a scope of its own, and says what came of it in one kind of answer."""

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from klods.db.database import Database
from klods.db.ongoing import Ongoing
from klods.db.scope import Scope, ScopeKind, run_in
from klods.errors import AnsweredTooLate, KlodsError, NotAsked, NotLive, NotSent, PartFailed
from klods.kernel.catalog import Module
from klods.kernel.configured import ConfigurationOf
from klods.kernel.definition import ModuleDefinition
from klods.kernel.faults import sentence, where
from klods.kernel.importer import ModuleImporter
from klods.kernel.parts import load_definition
from klods.kernel.personal import exported, kept
from klods.kernel.personal_data import PERSONAL, Answer, Errand
from klods.kernel.switches import Mode, Switches

log = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0
"""How long one module may take."""

T = TypeVar("T")


@dataclass(frozen=True)
class Around:
    """What a scope needs to know of the modules beside its own."""

    database: Database
    catalog: Mapping[str, Module]
    is_enabled: Callable[[str, int], bool]
    switches: Callable[[str, int], Switches]
    configuration: ConfigurationOf | None = None
    ongoing: Ongoing | None = field(default=None, repr=False)


def scope_for(errand: Errand, around: Around) -> Scope:
    """The scope of one errand, which is one transaction: like a request, whose units are savepoints."""
    return Scope(
        around.database,
        errand.module.code,
        errand.platform_id,
        kind=ScopeKind.REQUEST,
        catalog=around.catalog,
        is_enabled=around.is_enabled,
        switches=around.switches,
        configuration=around.configuration,
        read_only=errand.mode is Mode.READ_ONLY,
        dry=errand.mode is Mode.DRY,
        judged=True,
        ongoing=around.ongoing,
    )


def call_for(errand: Errand, definition: ModuleDefinition, scope: Scope) -> Callable[[], Answer]:
    """The call itself, for the module's thread and inside its scope; raises when nothing of it may be kept."""
    function = getattr(definition, errand.wanted)

    def call() -> Answer:
        said = function(errand.person)
        if inspect.iscoroutine(said):
            said = asyncio.run(said)
        code = errand.module.code
        # Rows may be fetched only while they are read, so all of it happens before the scope ends.
        answer = Answer(found=exported(code, said)) if errand.mode is Mode.READ_ONLY else Answer(kept=kept(code, said))
        for undone in sorted(scope.undone):
            raise NotLive(module=undone)
        return answer

    return call


def nothing_to_ask(errand: Errand, definition: ModuleDefinition) -> Answer | None:
    """The answer of a module that offers nothing; raise `NotAsked` for one that exports what it cannot erase, or the reverse."""
    if getattr(definition, errand.wanted) is not None:
        return None
    if all(getattr(definition, name) is None for name in PERSONAL):
        return Answer(holds=False)
    raise NotAsked(module=errand.module.code, reason=f"its definition.py has no {errand.wanted}.")


def explained(error: BaseException, module: Module) -> KlodsError:
    """What a module raised, as an error about it; the log has no values, which may be personal."""
    code, folder = module.code, module.source.folder
    if isinstance(error, (NotSent, NotAsked, PartFailed, AnsweredTooLate)):
        return error
    spot = where(error, folder)
    log.warning(
        "%s: asked for personal data it raised %s (%s)", code, type(error).__name__, spot or "outside its files"
    )
    if isinstance(error, KlodsError) and error.data.get("module") == code:
        return error
    said = str(error) if isinstance(error, KlodsError) else sentence(error)
    return NotAsked(module=code, reason=f"{said} ({spot})" if spot else said)


@dataclass(frozen=True)
class HereAndNow:
    """Asks modules in this process, which serves none: each in a thread that is left behind when time is up."""

    importer: ModuleImporter
    around: Callable[[], Around]
    seconds: float = ANSWER_SECONDS

    def ask(self, errand: Errand) -> Answer:
        """The module's answer; whatever it does instead of answering is raised as a `KlodsError`."""
        around = self.around()
        for module in around.catalog.values():
            self.importer.mount(module.source)
        try:
            return self._ask(errand, around)
        except (Exception, SystemExit) as error:
            raise explained(error, errand.module) from error

    def _ask(self, errand: Errand, around: Around) -> Answer:
        module = errand.module
        definition = within(lambda: load_definition(module.source, module.definition), self.seconds, module.code)
        if (nothing := nothing_to_ask(errand, definition)) is not None:
            return nothing
        scope = scope_for(errand, around)
        call = call_for(errand, definition, scope)
        try:
            answer = within(lambda: run_in(scope, call), self.seconds, module.code)
        except AnsweredTooLate:
            scope.cancel()
            raise
        return with_changes(answer, scope)


def with_changes(answer: Answer, scope: Scope) -> Answer:
    """The answer with what the scope has counted by its end."""
    return Answer(answer.found, answer.kept, scope.changes)


def within(call: Callable[[], T], seconds: float, module: str) -> T:
    """Call something in a thread of its own; raise `AnsweredTooLate` when it has not ended by then."""
    future: Future[T] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    threading.Thread(target=context.run, args=(run,), name=f"klods-asks-{module}", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            raise
        raise AnsweredTooLate(module=module, seconds=f"{seconds:g}") from None
