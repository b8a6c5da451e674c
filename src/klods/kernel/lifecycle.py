"""Plans what happens to modules, and makes it happen through the ports."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from klods.errors import AlreadyRunning, KlodsError, StalePlan
from klods.kernel.catalog import Catalog
from klods.kernel.definition import ModuleDefinition
from klods.kernel.disabling import switch_off
from klods.kernel.enabling import Task, grant_wish, refuse_stale, switch_on, turn_switches
from klods.kernel.history import Acknowledgement
from klods.kernel.overview import Known
from klods.kernel.plan import TAKES_OUT, Action, Do, Intent, Plan
from klods.kernel.planning import make_plan
from klods.kernel.ports import LogEntry
from klods.kernel.problems import Problems
from klods.kernel.state import Activation, Active, States
from klods.kernel.uninstalling import take_out
from klods.kernel.wishes import Followed, decide, pending_wishes
from klods.kernel.world import World

log = logging.getLogger(__name__)

_HALF = frozenset({Active.ENABLING, Active.DISABLING})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan: it is in force from this generation on; `late` names processes that have not followed."""

    plan: Plan
    generation: int
    late: tuple[str, ...] = ()
    problems: Problems = field(default_factory=Problems)


@dataclass(frozen=True, kw_only=True)
class Lifecycle(World):
    """Everything that can be done to modules, over the ports of a `World`."""

    def known(self, catalog: Catalog, states: States) -> Known:
        """What lists of modules are made from."""
        return Known(catalog, states, self.in_force(states), self.environment)

    def plan(
        self, action: Action, code: str, platform_id: int, *, along: Collection[str] = (), archive: int = 0
    ) -> Plan:
        """What an action would do now; raises why it cannot be done.

        ``along`` names modules that are uninstalled together with this one, ``archive`` the one to restore or discard.
        """
        return self.plan_for(Intent(action, code, platform_id, tuple(along), archive))

    def plan_for(self, intent: Intent) -> Plan:
        """What would be done now about what a person asks for; raises why it cannot be done."""
        return make_plan(self.view(self.discover(), self.states.read()), intent)

    def apply(self, plan: Plan, *, actor: str, why: str = "", token: str | None = None) -> Outcome:
        """Carry out a plan as it was shown; raise `StalePlan` when it, or the given token, no longer fits."""
        if token is not None and token != plan.token:
            raise StalePlan(module=plan.target)
        with self.states.alone():
            return self._apply(Task(plan, self.discover(), actor, why))

    def _apply(self, task: Task) -> Outcome:
        plan = task.plan
        states = self.states.read()
        refuse_stale(self, task, states)
        if not plan:
            return Outcome(plan, states.generation)
        if plan.doing(Do.DISABLE):
            gone = switch_off(self, task)
            self._note(gone.acknowledgement)
            return Outcome(plan, gone.generation, gone.acknowledgement.late, gone.problems)
        if plan.action in TAKES_OUT or plan.action in (Action.RESTORE, Action.DISCARD):
            taken = take_out(self, task)
            return Outcome(plan, taken.generation, self._followed(taken.generation), taken.problems)
        turns_only = all(step.do in (Do.LIVE, Do.HOLD) for step in plan)
        generation = turn_switches(self, task) if turns_only else switch_on(self, task)
        return Outcome(plan, generation, self._followed(generation))

    def _followed(self, generation: int) -> tuple[str, ...]:
        """Wait for the other processes, note in the log who followed, and return the late ones."""
        acknowledgement = self.processes.wait(generation, self.seconds)
        self._note(acknowledgement)
        return acknowledgement.late

    def _note(self, acknowledgement: Acknowledgement) -> None:
        # The action is in force by now: a note that cannot be made undoes nothing.
        try:
            self.states.acknowledge(acknowledgement)
        except KlodsError as error:
            log.warning("who followed generation %s could not be noted: %s", acknowledgement.generation, error)

    def recover(self) -> tuple[str, ...]:
        """Disable what a crash left half switched, without running hooks; return the codes.

        While an action runs nothing is left over: what looks so is between its two changes.
        """
        if not _half_switched(self.states.read()):
            return ()
        try:
            with self.states.alone(patient=False):
                return self._switch_off_rest()
        except AlreadyRunning:
            return ()

    def _switch_off_rest(self) -> tuple[str, ...]:
        with self.states.change() as change:
            rows = _half_switched(change.states())
            for row in rows:
                detail = f"found {row.state.value} at the start; on_disable was not run"
                change.save(Activation(row.code, row.platform_id, Active.DISABLED, detail=detail))
                entry = LogEntry("klods", "recover", row.code, row.platform_id, "done", {}, row.state.value, "disabled")
                change.log(entry)
        return tuple(sorted({row.code for row in rows}))

    def follow_wishes(self, platform_id: int, actor: str = "module.json") -> tuple[Followed, ...]:
        """Act on ``enabled`` of module.json where it is new or was edited; say what was done and what waits for a person."""
        states = self.states.read()
        if all(wish == bool(states.installation(code).wish) for code, wish in self.wishes()):
            return ()
        catalog = self.discover()
        followed = []
        for definition in pending_wishes(catalog, states):
            verdict = decide(self.view(catalog, self.states.read()), definition, platform_id)
            followed.append(verdict.follow(partial(self._grant, definition, actor)))
        return tuple(followed)

    def _grant(self, definition: ModuleDefinition, actor: str, plan: Plan) -> None:
        if plan:
            self.apply(plan, actor=actor)
            return
        with self.states.change() as change:
            grant_wish(change, definition)


def _half_switched(states: States) -> tuple[Activation, ...]:
    return tuple(row for row in states.activations.values() if row.state in _HALF)
