"""What plans are put together from: the steps that open modules, and those that turn their safety switches."""

from collections.abc import Collection, Iterator, Sequence

from klods.errors import AlreadyRunning, InvalidDefinition, SharedTables
from klods.kernel.coexistence import Company
from klods.kernel.granting import grant_problems, running_grant_problems
from klods.kernel.grants import grants_on, grants_to, standing
from klods.kernel.graph import closure, order
from klods.kernel.migrations import chain_of
from klods.kernel.plan import Do, Intent, Step
from klods.kernel.problems import Problems
from klods.kernel.relations import relation_problems
from klods.kernel.state import Active, Installed
from klods.kernel.switches import Switches
from klods.kernel.view import View


def opening_steps(view: View, codes: Sequence[str], intent: Intent) -> tuple[Step, ...]:
    """Enable modules and all they need, the needed ones first; those that are enabled get their folders' content.

    What they need and is enabled already is left alone. Raises `NoSuchModule`, `InvalidDefinition` with all the
    reasons against it, `SharedTables`, or `AlreadyRunning` while one of them is being switched off.
    """
    platform_id = intent.platform_id
    needed = sound(view, codes, keep=view.states.enabled(platform_id))
    waiting = [it for it in needed if view.states.activation(it, platform_id).state is not Active.ENABLED]
    if any(view.states.activation(it, platform_id).state is Active.DISABLING for it in waiting):
        raise AlreadyRunning
    changed = tuple(dict.fromkeys((*waiting, *codes)))
    steps = tuple(step for it in changed for step in (*renewing_steps(view, it, changed), *_open(it, waiting)))
    refuse_misfits(view, steps, platform_id)
    if not intent.shared:
        _refuse_sharing(view, steps, platform_id)
    return steps


def renewing_steps(view: View, code: str, changed: Collection[str]) -> Iterator[Step]:
    """Bring in what stands in a module's folder, and run its pending migrations."""
    module, row = view.catalog[code], view.states.installation(code)
    content, version = view.fingerprint(module), module.definition.version
    if row.state is not Installed.INSTALLED or row.content_hash != content:
        grants = tuple(_grants(view, code, changed))
        yield Step(Do.INSTALL, code, before=row.version, after=version, content_hash=content, grants=grants)
    if revisions := tuple(view.pending(module)):
        yield Step(Do.MIGRATE, code, revisions)


def turning_steps(view: View, do: Do, code: str, platform_id: int) -> tuple[Step, ...]:
    """One step, unless somebody has said so before; what the module says of itself may change with its next version."""
    on, said = do is Do.HOLD, view.states.stored_switches(code, platform_id)
    if (said.read_only, said.dry_run) == (on, on):
        return ()
    before, after = view.switches(code, platform_id).shown, Switches(on, on).shown
    return (Step(do, code, before=before, after=after),)


def sound(view: View, codes: Sequence[str], keep: Collection[str]) -> tuple[str, ...]:
    """The modules and all they need, in order, if the rules allow that they run together; others are kept as they run."""
    for code in codes:
        if code in view.catalog.broken:
            view.catalog.problems.of(code).raise_if_any()
            raise InvalidDefinition(problems=f"{code} cannot be read")
        view.catalog.find(code)
    kept = frozenset(keep).difference(codes)
    catalog = view.keeping(kept)
    needed = order(catalog.definitions, closure(catalog.definitions, codes))
    fresh = [it for it in needed if it not in kept]
    found = Problems(relation_problems(catalog, fresh, running=kept))
    for it in fresh:
        found += (*grant_problems(view.catalog, view.catalog[it]), *chain_of(view.catalog[it]).problems)
    found.raise_if_any()
    return needed


def refuse_misfits(view: View, steps: Sequence[Step], platform_id: int) -> None:
    """Raise `InvalidDefinition` when what these steps bring in does not fit to what runs beside it."""
    codes = tuple(dict.fromkeys(step.code for step in steps))
    found = Problems(_company_after(view, steps, platform_id).problems)
    found += running_grant_problems(view.catalog, view.in_force, codes)
    found.raise_if_any()


def elsewhere(view: View, steps: Sequence[Step], platform_id: int) -> Iterator[str]:
    """Warnings of new content that will run on other platforms too."""
    for step in steps:
        others = view.platforms_of(step.code) - {platform_id}
        if step.do is Do.INSTALL and others:
            names = ", ".join(map(str, sorted(others)))
            yield f"{step.code} is enabled on platform {names}, where the new content will run too"


def sharing(view: View, steps: Sequence[Step], platform_id: int) -> Iterator[str]:
    """Warnings of tables whose rows another platform will see too."""
    for code, others, tables in _newly_shared(view, steps, platform_id):
        names = ", ".join(map(str, sorted(others)))
        yield f"{code} is shared: platform {names} and this one see the same rows of {', '.join(tables)}"


def _refuse_sharing(view: View, steps: Sequence[Step], platform_id: int) -> None:
    """Raise `SharedTables` when a module would come to a second platform with tables that know no platforms."""
    for code, others, tables in _newly_shared(view, steps, platform_id):
        platforms = ", ".join(map(str, sorted(others)))
        raise SharedTables(module=code, tables=", ".join(tables), platforms=platforms, items=tables)


def _newly_shared(
    view: View, steps: Sequence[Step], platform_id: int
) -> Iterator[tuple[str, frozenset[int], tuple[str, ...]]]:
    """Modules that these steps enable, the other platforms they run on, and their tables without a `platform_id`."""
    for step in steps:
        others = view.platforms_of(step.code) - {platform_id} if step.do is Do.ENABLE else frozenset()
        if others and view.tables and (tables := view.tables.shared(view.holder(step.code))):
            yield step.code, others, tables


def _company_after(view: View, steps: Sequence[Step], platform_id: int) -> Company:
    """The modules that run once these steps are taken."""
    renewed = {step.code: view.catalog[step.code].definition for step in steps if step.do is Do.INSTALL}
    here = view.states.enabled(platform_id) | {step.code for step in steps if step.do is Do.ENABLE}
    changed = frozenset(step.code for step in steps)
    return Company(view.catalog, {**view.standing, **renewed}, {**view.enabled, platform_id: here}, changed)


def _open(code: str, waiting: Collection[str]) -> Iterator[Step]:
    if code in waiting:
        yield Step(Do.ENABLE, code)


def _grants(view: View, code: str, changed: Collection[str]) -> Iterator[str]:
    """What the module gets, and what others get of it at last that were installed before and do not change now."""
    after = standing(view.catalog.definitions, view.in_force, changed)
    yield from map(str, grants_to(after, code))
    waited = view.in_force.keys() - set(changed)
    before = grants_on(view.in_force, code)
    for grant in grants_on(after, code):
        if grant.reader in waited and grant not in before:
            yield f"{grant} → {grant.reader}"
