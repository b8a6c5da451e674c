"""Decides how an entry of the log is undone: the steps that take its effect back, and nothing else.

What can be undone stands in `INVERSES`: the step of an entry, and the step that takes it back. Another kind of change
joins by a step of its own there, and by what `_left` says of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from klods.errors import CannotUndo, CoreModule, NoSuchEntry, NothingToUndo
from klods.kernel.graph import dependents, order
from klods.kernel.history import Entry, acts_since, in_effect
from klods.kernel.plan import Action, Do, Intent, Plan, Step
from klods.kernel.state import Active
from klods.kernel.steps import elsewhere, opening_steps, sharing, turning_steps
from klods.kernel.switches import refuse_kept_safe
from klods.kernel.view import View

INVERSES: Mapping[Do, Do] = {
    Do.ENABLE: Do.DISABLE,
    Do.DISABLE: Do.ENABLE,
    Do.LIVE: Do.HOLD,
    Do.HOLD: Do.LIVE,
}


def plan_undo(view: View, intent: Intent) -> Plan:
    """Take back what an entry switched, or the newest that can be; what was changed again since is somebody else's.

    Raises `NoSuchModule`, `NoSuchEntry`, `NothingToUndo`, or `CannotUndo` with every reason.
    """
    undoing = _undoing(view, intent)
    undoing.refuse()
    steps = tuple(undoing.steps())
    entry = undoing.entry
    warnings = (*undoing.stays(), *elsewhere(view, steps, entry.platform_id), *sharing(view, steps, entry.platform_id))
    return Plan(Action.UNDO, entry.code, entry.platform_id, steps, warnings, undoes=entry.id, shared=intent.shared)


def can_be_undone(entry: Entry) -> bool:
    """Whether an entry did something that has an inverse."""
    return any(step.do in INVERSES for step in entry.steps)


def _undoing(view: View, intent: Intent) -> "_Undoing":
    if intent.target:
        view.refuse_unknown(intent.target)
    if view.log is None:
        raise RuntimeError("this plan is made from what stands in the log")
    if intent.entry:
        entry = view.log.find(intent.entry)
    else:
        entry = _newest(intent, view.log.read(code=intent.target, platform_id=intent.platform_id))
    if entry.platform_id != intent.platform_id:
        raise NoSuchEntry(entry=intent.entry)
    later = in_effect(view.log.read(platform_id=entry.platform_id, after=entry.id))
    return _Undoing(view, entry, later, intent.shared)


def _newest(intent: Intent, entries: Sequence[Entry]) -> Entry:
    """The newest entry that counts, has an inverse, and is no undo itself, so that one after the other goes back in time."""
    for entry in in_effect(entries):
        if entry.undoes is None and can_be_undone(entry):
            return entry
    raise NothingToUndo(platform=intent.platform_id)


@dataclass(frozen=True, slots=True)
class _Undoing:
    view: View
    entry: Entry
    later: tuple[Entry, ...]
    """What was done after it on its platform and still counts."""

    shared: bool

    def refuse(self) -> None:
        """Raise `CannotUndo` with every reason against it."""
        reasons = tuple(dict.fromkeys(self._reasons()))
        if reasons:
            raise CannotUndo(entry=self.entry.id, reasons="; ".join(reasons), items=reasons)

    def steps(self) -> Iterator[Step]:
        """What takes the entry back: closing from the dependents on, opening from the needed ones on."""
        platform_id, view = self.entry.platform_id, self.view
        for code in reversed(order(view.standing, self.codes(Do.DISABLE))):
            yield Step(Do.DISABLE, code)
        if opened := self.codes(Do.ENABLE):
            yield from opening_steps(view, opened, Intent(Action.ENABLE, opened[-1], platform_id, shared=self.shared))
        for do in (Do.HOLD, Do.LIVE):
            for code in self.codes(do):
                if do is Do.LIVE:
                    refuse_kept_safe(code, view.environment)
                yield from turning_steps(view, do, code, platform_id)

    def codes(self, do: Do) -> tuple[str, ...]:
        """The modules that such a step is for, as far as the entry's effect on them is there to be taken back."""
        return tuple(step.code for step in self.entry.steps if INVERSES.get(step.do) is do and self._left(step))

    def stays(self) -> Iterator[str]:
        """What the entry did that is not taken back."""
        for step in self.entry.steps:
            if step.do is Do.INSTALL:
                yield f"{step.code} stays installed at version {step.after}: content that was brought in is not taken back"
            elif step.do is Do.MIGRATE:
                yield f"what migrations made for {step.code} stays: {', '.join(step.revisions)}"

    def _left(self, step: Step) -> bool:
        """Whether it is still as that step left it."""
        code, platform_id = step.code, self.entry.platform_id
        state, said = (
            self.view.states.activation(code, platform_id).state,
            self.view.states.stored_switches(code, platform_id),
        )
        return {
            Do.ENABLE: state is not Active.DISABLED,
            Do.DISABLE: state is not Active.ENABLED,
            Do.LIVE: (said.read_only, said.dry_run) == (False, False),
            Do.HOLD: (said.read_only, said.dry_run) == (True, True),
        }[step.do]

    def _reasons(self) -> Iterator[str]:
        if undone := next((it for it in self.later if it.undoes == self.entry.id), None):
            yield f"entry {undone.id} did that already"
            return
        if not can_be_undone(self.entry) or self.entry.outcome != "done":
            yield "it switched nothing that could be switched back"
            return
        for step in self.entry.steps:
            if step.do in INVERSES and self._left(step):
                yield from self._against(step)
        if not any(self.codes(do) for do in INVERSES.values()):
            yield "nothing of it is left"

    def _against(self, step: Step) -> Iterator[str]:
        for other in acts_since(self.entry, self.later):
            if any((it.do, it.code) == (step.do, step.code) for it in other.steps):
                yield f"entry {other.id} did the same to {step.code} again"
        if step.do is Do.ENABLE:
            yield from self._needed(step.code)
        elif step.do is Do.DISABLE:
            yield from self._misses(step.code)
        elif step.do is Do.HOLD and step.before != "live":
            yield f"{step.code} was {step.before} before, which cannot be said in one step"

    def _needed(self, code: str) -> Iterator[str]:
        """Why a module cannot be disabled with those alone that the entry enabled."""
        definition, platform_id = self.view.standing.get(code), self.entry.platform_id
        if definition is not None and definition.is_core:
            yield str(CoreModule(module=code)).removesuffix(".")
        for other in sorted(dependents(self.view.standing, [code]).difference(self.codes(Do.DISABLE))):
            if self.view.states.activation(other, platform_id).state is not Active.DISABLED:
                yield f"{other} needs {code} and is enabled"

    def _misses(self, code: str) -> Iterator[str]:
        """Why a module cannot be enabled with those alone that the entry disabled."""
        module, here = self.view.catalog.get(code), self.view.states.enabled(self.entry.platform_id)
        if module is None:
            yield f"{code} is gone"
            return
        for needed in module.definition.required_codes:
            if needed not in here and needed not in self.codes(Do.ENABLE):
                yield f"{code} needs {needed}, which was disabled later"
