"""Retention: what the rules of modules say is due, and carrying them out; no code of a module is run for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from klods.errors import KlodsError, NotLiveHere
from klods.kernel.catalog import Module
from klods.kernel.config import Environment
from klods.kernel.person_reports import problem_data
from klods.kernel.personal import Retention
from klods.kernel.platforms import Platform
from klods.kernel.ports import StateStore
from klods.kernel.state import States
from klods.kernel.switches import effective


@dataclass(frozen=True, slots=True)
class Due:
    """One rule on one platform: the rows that are due, or were deleted or emptied; or why there is nothing done."""

    module: str
    name: str
    platform: str
    rule: Retention
    rows: int = 0
    problem: KlodsError | None = None

    @property
    def failed(self) -> bool:
        """Whether somebody should look after it: a module that is not live waits on purpose."""
        return self.problem is not None and not isinstance(self.problem, NotLiveHere)

    @property
    def data(self) -> dict[str, Any]:
        """As JSON values."""
        rule = self.rule
        return {
            "module": self.module,
            "name": self.name,
            "platform": self.platform,
            "table": rule.table,
            "column": rule.column,
            "days": rule.days,
            "clear": list(rule.clear),
            "why": rule.why,
            "rows": self.rows,
            "problem": problem_data(self.problem),
        }


class RetentionStore(Protocol):
    """The tables that rules are about, each in the role of its module."""

    def due(self, code: str, rule: Retention, platform_id: int) -> int:
        """How many rows are due; raise `RetentionFailed`."""

    def batch(self, code: str, rule: Retention, platform_id: int) -> int:
        """Carry a rule out on some of them, in a transaction of its own; return how many, none when it is done."""

    def note(self, platform_id: int, what: str, *, actor: str) -> None:
        """Remember in the log what was done on a platform."""


@dataclass(frozen=True)
class RetentionRules:
    """Works over the rules of all installed modules, enabled or not."""

    store: RetentionStore
    states: StateStore
    running: Callable[[States], Mapping[str, Module]]
    """The installed modules, by code."""

    environment: Environment = field(default_factory=dict)

    def due(self, platforms: Sequence[Platform]) -> tuple[Due, ...]:
        """Every rule with the rows that are due now."""
        return tuple(self._counted(it, platform) for platform in platforms for _, it in self._rules(platform))

    def apply(self, platforms: Sequence[Platform], *, actor: str) -> tuple[Due, ...]:
        """Carry every rule out, in batches that stay done; where a module is not live nothing happens."""
        done: list[Due] = []
        for platform in platforms:
            here = [self._carried_out(module, it, platform) for module, it in self._rules(platform)]
            if said := "; ".join(f"{it.rule.table}: {it.rows} rows" for it in here if it.rows and not it.problem):
                self.store.note(platform.id, said, actor=actor)
            done += here
        return tuple(done)

    def _rules(self, platform: Platform) -> Iterator[tuple[Module, Due]]:
        states = self.states.read()
        for code, module in sorted(self.running(states).items()):
            if (code, platform.id) not in states.activations:
                continue
            held = self._held(module, platform, states)
            for rule in module.definition.retention:
                yield module, Due(code, module.definition.name, platform.code, rule, problem=held)

    def _held(self, module: Module, platform: Platform, states: States) -> NotLiveHere | None:
        """Why nothing of a module may be changed on a platform, as it stands now."""
        stored = states.stored_switches(module.code, platform.id)
        live = effective(module.definition, stored, self.environment).live
        return None if live else NotLiveHere(module=module.code, platform=platform.code)

    def _counted(self, it: Due, platform: Platform) -> Due:
        try:
            return replace(it, rows=self.store.due(it.module, it.rule, platform.id))
        except KlodsError as error:
            return replace(it, problem=error)

    def _carried_out(self, module: Module, it: Due, platform: Platform) -> Due:
        if it.problem:
            return self._counted(it, platform)
        done = 0
        try:
            # Rows that come back, as by a trigger, are counted once: otherwise this would never end.
            most = self.store.due(it.module, it.rule, platform.id)
            while done < most:
                if held := self._held(module, platform, self.states.read()):
                    return replace(it, rows=done, problem=held)
                if not (batch := self.store.batch(it.module, it.rule, platform.id)):
                    break
                done += batch
        except KlodsError as error:
            return replace(it, rows=done, problem=error)
        return replace(it, rows=done)
