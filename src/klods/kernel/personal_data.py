"""Exports and erases what is held about a person: every module is asked by itself, and none keeps the others from answering."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Protocol

from klods.errors import KlodsError, LeftBehind, ModuleNotEnabled, NotLiveHere, NotSent
from klods.kernel.catalog import Module, Source
from klods.kernel.changes import Changes
from klods.kernel.config import Environment
from klods.kernel.declared import bound
from klods.kernel.holdings import Holder
from klods.kernel.names import default_prefix
from klods.kernel.person_reports import HOST, Counts, Erased, Found, Reach, Report, Section
from klods.kernel.personal import Kept, Person
from klods.kernel.platforms import Platform
from klods.kernel.ports import StateStore, Tables
from klods.kernel.state import Installation, States
from klods.kernel.switches import Mode, effective

PERSONAL = ("export_person", "erase_person")
"""What a module gives the host that holds personal data."""

HOST_NAME = "Klods"


@dataclass(frozen=True, slots=True)
class Errand:
    """What one module is asked on one platform, and how much of what it does is kept."""

    module: Module
    platform_id: int
    person: Person
    mode: Mode
    """READ_ONLY for an export, DRY for the preview of an erasure, LIVE for the erasure."""

    @property
    def wanted(self) -> str:
        """The function that is called."""
        return PERSONAL[0] if self.mode is Mode.READ_ONLY else PERSONAL[1]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a module answered, and what it changed or would change, where that is known."""

    found: Found = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
    changes: Changes | None = None
    holds: bool = True
    """Whether its code has anything to do with personal data after all."""


class Asker(Protocol):
    """Runs the code of modules, each in a scope and within a time of its own."""

    def ask(self, errand: Errand) -> Answer:
        """The module's answer; whatever it does instead of answering is raised as a `KlodsError`."""


class HostPeople(Protocol):
    """What the hub itself holds about people."""

    def user_ids(self, email: str, platform_id: int) -> tuple[int, ...]:
        """The accounts with that address which may act on a platform."""

    def meant(self, email: str, reach: Reach) -> tuple[int, ...]:
        """The accounts that `erase` would empty."""

    def export(self, email: str, reach: Reach) -> Found:
        """Everything that is held, by what it is."""

    def preview(self, email: str, reach: Reach) -> Erased:
        """What `erase` would do; raises what it would raise, and keeps nothing."""

    def erase(self, email: str, reach: Reach, notes: Mapping[int, str], *, actor: str) -> Erased:
        """Erase it, and note in the log what was erased on each platform; raise `LastAdministrator`."""

    def note_export(self, notes: Mapping[int, str], *, actor: str) -> None:
        """Note in the log what was handed out on each platform."""


@dataclass(frozen=True)
class PersonalData:
    """Works over the code of modules, what is stored about them, and the hub's own people."""

    host: HostPeople
    asker: Asker
    states: StateStore
    running: Callable[[States], Mapping[str, Module]]
    """The installed modules, by code."""

    source: Callable[[str, str], Source | None]
    """The files of a module that is not installed, by code and content hash; None when nobody has them any more."""

    tables: Tables
    environment: Environment = field(default_factory=dict)

    def export(self, email: str, reach: Reach, *, actor: str) -> Report:
        """Everything that is held about somebody, to be handed out, which the log remembers; raise `InvalidPerson`."""
        report = self.look(email, reach)
        own, *sections = report.sections
        notes = {it.id: _note((replace(own, platform=it.code), *sections), it, HELD) for it in reach.platforms}
        self.host.note_export(notes, actor=actor)
        return report

    def look(self, email: str, reach: Reach) -> Report:
        """Everything that is held about somebody, for who decides what to do with it; raise `InvalidPerson`."""
        person = Person(email)
        sections = self._sections(person, reach, Mode.READ_ONLY)
        own = Section(HOST, HOST_NAME, found=self.host.export(person.email, reach))
        return Report(person.email, (own, *sections))

    def preview(self, email: str, reach: Reach) -> Report:
        """What an erasure would do: the erasure itself, undone. Raises `InvalidPerson` or `LastAdministrator`."""
        person = Person(email)
        own = self.host.preview(person.email, reach)
        sections = self._sections(person, reach, Mode.DRY)
        return Report(person.email, (_of_host(own), *sections))

    def erase(self, email: str, reach: Reach, *, actor: str) -> Report:
        """Erase what is held about somebody, one transaction for each module; what is done stays, and can be done again.

        The hub itself comes last, because modules know people by their accounts. Raises `InvalidPerson`, or
        `LastAdministrator` before anything is erased.
        """
        person = Person(email)
        self.host.preview(person.email, reach)
        sections = tuple(self._sections(person, reach, Mode.LIVE))
        notes = {platform.id: _note(sections, platform, ERASED) for platform in reach.platforms}
        own = self.host.erase(person.email, reach, notes, actor=actor)
        return Report(person.email, (_of_host(own), *sections))

    def _sections(self, person: Person, reach: Reach, mode: Mode) -> Iterator[Section]:
        states = self.states.read()
        running = self.running(states)
        holders = [it for it in running.values() if bound(it.source.folder, PERSONAL)]
        for platform in reach.platforms:
            here = replace(person, user_ids=self.host.user_ids(person.email, platform.id))
            for module in holders:
                if (module.code, platform.id) in states.activations:
                    errand = Errand(module, platform.id, here, mode)
                    yield from self._section(errand, platform, self._obstacle(errand, platform, states))
        yield from self._left_behind(states, running)

    def _obstacle(self, errand: Errand, platform: Platform, states: States) -> KlodsError | None:
        """Why the module is not asked at all."""
        definition, code = errand.module.definition, errand.module.code
        if code not in states.enabled(platform.id):
            return ModuleNotEnabled(module=code)
        switches = effective(definition, states.stored_switches(code, platform.id), self.environment)
        if errand.mode is not Mode.READ_ONLY and not switches.live:
            return NotLiveHere(module=code, platform=platform.code)
        return None

    def _section(self, errand: Errand, platform: Platform, obstacle: KlodsError | None) -> Iterator[Section]:
        """What came of asking one module; nothing when its code has nothing to do with personal data after all."""
        blank = Section(errand.module.code, errand.module.definition.name, platform.code, problem=obstacle)
        try:
            answer = None if obstacle else self._ask(errand)
        except KlodsError as error:
            yield replace(blank, problem=error)
            return
        if answer is None:
            yield blank
        elif answer.holds:
            yield replace(blank, found=answer.found, changes=_counts(answer.changes), kept=answer.kept)

    def _ask(self, errand: Errand) -> Answer:
        if errand.mode is not Mode.LIVE:
            return self.asker.ask(errand)
        try:
            rehearsal = self.asker.ask(replace(errand, mode=Mode.DRY))
        except NotSent:
            # Only a dry run keeps requests from going out: what it would count is not known, and the real thing works.
            rehearsal = Answer()
        if not rehearsal.holds:
            return rehearsal
        return replace(self.asker.ask(errand), changes=rehearsal.changes)

    def _left_behind(self, states: States, running: Mapping[str, Module]) -> Iterator[Section]:
        """Modules of which tables are left that no code works on; where the code is gone too, they may hold anything."""
        left = {(archive.holder.code, archive.content_hash) for archive in self.tables.archives()}
        left |= {(row.code, row.content_hash) for row in states.installations.values() if self._has_left(row, running)}
        sources = [(code, self.source(code, content)) for code, content in sorted(left)]
        holding = (code for code, source in sources if source is None or bound(source.folder, PERSONAL))
        for code in dict.fromkeys(holding):
            yield Section(code, code, problem=LeftBehind(module=code))

    def _has_left(self, row: Installation, running: Mapping[str, Module]) -> bool:
        if row.code in running or not row.version:
            return False
        return self.tables.held(Holder(row.code, default_prefix(row.code))) is not None


def _of_host(erased: Erased) -> Section:
    return Section(HOST, HOST_NAME, changes=erased.changes, kept=erased.kept)


def _counts(changes: Changes | None) -> Counts:
    """Rows by table, and what would go out by its kind."""
    if changes is None:
        return {}
    going: dict[str, tuple[int, int, int]] = {}
    for one in changes.outgoing:
        before = going.get(one.kind, (0, 0, 0))
        deleted = one.op.lower() == "delete"
        going[one.kind] = (before[0] + (not deleted), before[1], before[2] + deleted)
    return {**changes.counts, **going}


ERASED = ("not erased", attrgetter("changed"))
HELD = ("not asked", lambda section: sum(section.rows.values()))
"""How the log calls what did not work, and how many rows a section is about."""


def _note(sections: Sequence[Section], platform: Platform, of: tuple[str, Callable[[Section], int]]) -> str:
    """What the log says about an export or an erasure: how many rows of which module, and nothing of whom."""
    failed, rows = of
    said = [
        f"{it.module}: {failed if it.problem else f'{rows(it)} rows'}"
        for it in sections
        if it.platform == platform.code
    ]
    return "; ".join(said)
