"""Carries out a plan that takes modules out, brings their tables back or deletes them: all of it in one change."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from klods.kernel.enabling import Task, refuse_stale
from klods.kernel.grants import grants_on, grants_to
from klods.kernel.graph import Definitions
from klods.kernel.holdings import Archive
from klods.kernel.plan import Action, Do, Step
from klods.kernel.ports import Change
from klods.kernel.problems import Problem, Problems
from klods.kernel.state import Installation, Installed
from klods.kernel.view import View
from klods.kernel.world import World


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: the generation, and what no longer holds of tables that came back."""

    generation: int
    problems: Problems


def take_out(world: World, task: Task) -> Taken:
    """Carry out a plan to uninstall, restore or discard; code of modules is never run."""
    _approve(world, task)
    with world.states.change() as change:
        states = change.states()
        refuse_stale(world, task, states)
        view, in_force = world.view(task.catalog, states), world.in_force(states)
        _settle(change, in_force, {code: it for code, it in in_force.items() if code not in task.codes}, task.codes)
        problems = Problems([problem for step in task.plan for problem in _take(change, task, step, view)])
        if came := task.plan.doing(Do.RESTORE):
            _settle(change, in_force, world.in_force(change.states()), came)
        for step in task.plan:
            change.log(task.entry(step.code, "done", before=step.before, after=step.do.value))
        generation = change.generation
    _tidy(world, task)
    return Taken(generation, problems)


def _approve(world: World, task: Task) -> None:
    """What is restored runs from an approved copy; one that was lost is made anew from a folder that holds the same."""
    for step in task.plan:
        here, lost = task.catalog.get(step.code), not world.contents.find(step.code, step.content_hash)
        if step.do is Do.RESTORE and step.content_hash and here is not None and lost:
            world.contents.approve(here)


def _take(change: Change, task: Task, step: Step, view: View) -> Iterator[Problem]:
    match step.do:
        case Do.ARCHIVE:
            change.set_aside(view.holder(step.code))
        case Do.DROP:
            change.discard(step.code, change.set_aside(view.holder(step.code)))
        case Do.DISCARD:
            change.discard(step.code, task.plan.archive)
            kept = [archive for archive in _archives(view, step.code) if archive.id != task.plan.archive]
            if change.states().installation(step.code).state is Installed.ABSENT and not kept:
                change.forget_config(step.code)
        case Do.RESTORE:
            yield from _bring_back(change, task, step)
        case Do.UNINSTALL:
            _forget(change, task, step)
        case _:
            raise ValueError(step.do)


def _archives(view: View, code: str) -> tuple[Archive, ...]:
    return view.tables.archives(code) if view.tables is not None else ()


def _forget(change: Change, task: Task, step: Step) -> None:
    """What is left of the states: what module.json wished last, which would bring the module back, and whose tables stay."""
    row, here = change.states().installation(step.code), task.catalog.get(step.code)
    change.forget(step.code)
    if task.plan.action is Action.DROP:
        change.forget_config(step.code)
    if here is None and step.code not in task.catalog.broken and not step.tables:
        return
    wish = here.definition.wish if here else row.wish
    known = (row.version, row.content_hash) if step.tables else ("", "")
    change.save(Installation(step.code, Installed.ABSENT, *known, wish=wish))


def _bring_back(change: Change, task: Task, step: Step) -> Iterator[Problem]:
    for note in change.bring_back(step.code, task.plan.archive):
        yield Problem(step.code, "restore", note, warning=True)
    if step.content_hash:
        row = change.states().installation(step.code)
        back = replace(row, state=Installed.INSTALLED, version=step.after, content_hash=step.content_hash)
        change.save(replace(back, reason=None, detail=""))


def _settle(change: Change, before: Definitions, after: Definitions, codes: Collection[str]) -> None:
    """Others hold the rights on tables of these modules that both sides agree on afterwards, and so do these on others'."""
    readers = {grant.reader for code in codes for known in (before, after) for grant in grants_on(known, code)}
    for reader in sorted((readers - set(codes)) | (set(codes) & {*before, *after})):
        change.grant(reader, grants_to(after, reader))


def _tidy(world: World, task: Task) -> None:
    """The content of what was deleted goes as well, unless an archive was made with it."""
    for step in task.plan:
        if step.do in (Do.DROP, Do.DISCARD):
            installed = world.states.read().installation(step.code)
            kept = {installed.content_hash, *(archive.content_hash for archive in world.tables.archives(step.code))}
            world.contents.forget(step.code, kept)
