"""What ``enabled`` in module.json asks for, and whether it can be done without asking a person."""

from collections.abc import Callable
from dataclasses import dataclass

from klods.errors import KlodsError, StalePlan
from klods.kernel.catalog import Catalog
from klods.kernel.definition import ModuleDefinition
from klods.kernel.plan import Action, Do, Intent, Plan
from klods.kernel.planning import make_plan
from klods.kernel.state import States
from klods.kernel.view import View


@dataclass(frozen=True, slots=True)
class Followed:
    """One wish: what was wanted, whether it came true, and if not, why it waits."""

    code: str
    wanted: bool
    done: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A wish with the plan that would grant it, or the reason to leave it to a person."""

    code: str
    wanted: bool
    plan: Plan | None
    reason: str = ""

    def follow(self, apply: Callable[[Plan], object]) -> Followed:
        """Carry out the plan, once: a process that was faster makes it stale, which is as good."""
        if self.plan is None:
            return Followed(self.code, self.wanted, done=False, reason=self.reason)
        try:
            apply(self.plan)
        except StalePlan:
            return Followed(self.code, self.wanted, done=True, reason="another process was faster")
        except KlodsError as error:
            return Followed(self.code, self.wanted, done=False, reason=str(error))
        return Followed(self.code, self.wanted, done=True)


def pending_wishes(catalog: Catalog, states: States) -> tuple[ModuleDefinition, ...]:
    """The definitions whose wish was not acted upon yet; a first wish to be off is granted by doing nothing."""
    return tuple(
        definition
        for code, definition in catalog.definitions.items()
        if definition.wish is not None and definition.wish != bool(states.installation(code).wish)
    )


def decide(view: View, definition: ModuleDefinition, platform_id: int) -> Verdict:
    """Whether a wish concerns the module alone, runs no migration and asks for no rights; else a person looks at it."""
    code, wanted = definition.code, bool(definition.wish)
    try:
        plan = make_plan(view, Intent(Action.ENABLE if wanted else Action.DISABLE, code, platform_id))
    except KlodsError as error:
        return Verdict(code, wanted, None, str(error))
    if others := sorted({step.code for step in plan} - {code}):
        return Verdict(code, wanted, None, f"it would also switch {', '.join(others)}")
    if plan.doing(Do.MIGRATE):
        return Verdict(code, wanted, None, "it would run migrations")
    if rights := [grant for step in plan for grant in step.grants]:
        return Verdict(code, wanted, None, f"it would get rights on tables of others: {'; '.join(rights)}")
    return Verdict(code, wanted, plan)
