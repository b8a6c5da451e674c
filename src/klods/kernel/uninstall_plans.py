"""Decides what taking modules out of this installation will do, and what bringing their tables back."""

from collections.abc import Collection, Iterator, Sequence

from klods.errors import CoreModule, NoSuchArchive, PlaceTaken, StillEnabled, StillReferenced
from klods.kernel.graph import dependents, order
from klods.kernel.holdings import Archive, Table
from klods.kernel.plan import Action, Do, Plan, Step
from klods.kernel.ports import Tables
from klods.kernel.state import Active, Installed
from klods.kernel.view import View

_DO = {Action.ARCHIVE: Do.ARCHIVE, Action.DROP: Do.DROP}


def plan_uninstall(view: View, action: Action, codes: Sequence[str], platform_id: int) -> Plan:
    """Take modules out, those that need others first; what becomes of their tables is in the action.

    Raises `NoSuchModule`, `StillEnabled`, `CoreModule`, or `StillReferenced` while tables that stay would point at tables that go.
    """
    tables = _looked_up(view)
    for code in codes:
        view.refuse_unknown(code)
        _refuse_enabled(view, code)
        if (
            code in view.standing
            and view.standing[code].is_core
            and view.states.installation(code).state is Installed.INSTALLED
        ):
            raise CoreModule(module=code)
    line = [*reversed(order(view.catalog.definitions, codes))]
    held = {code: tables.held(view.holder(code)) for code in line}
    if action in _DO and (found := tables.referrers([view.holder(code) for code in line])):
        raise StillReferenced(module=", ".join(codes), referrers=", ".join(found), items=found)
    steps = tuple(step for code in line for step in _out(view, action, code, held[code]))
    warnings = tuple(_warnings(view, {step.code for step in steps}))
    return Plan(action, codes[0], platform_id, steps, warnings, tuple(codes[1:]))


def plan_archive(view: View, action: Action, code: str, platform_id: int, *, number: int = 0) -> Plan:
    """Bring back or delete what was set aside; the newest archive of the module, unless a number is given.

    Raises `NoSuchModule` or `NoSuchArchive`, and `PlaceTaken` when the module was installed anew meanwhile.
    """
    tables = _looked_up(view)
    archive = next((it for it in tables.archives(code) if number in (0, it.id)), None)
    if archive is None:
        view.refuse_unknown(code)
        raise NoSuchArchive(module=code, number=number)
    if action is Action.DISCARD:
        step = Step(Do.DISCARD, code, before=archive.version, tables=archive.tables)
        return Plan(action, code, platform_id, (step,), archive=archive.id)
    taken = tables.held(archive.holder) is not None or view.states.installation(code).state is Installed.INSTALLED
    if taken:
        raise PlaceTaken(module=code, day=archive.at.date().isoformat())
    return Plan(
        action, code, platform_id, (_back(view, archive),), tuple(_lost_content(view, archive)), archive=archive.id
    )


def _looked_up(view: View) -> Tables:
    if view.tables is None:
        raise RuntimeError("this plan is made from what stands in the database")
    return view.tables


def _refuse_enabled(view: View, code: str) -> None:
    platforms = sorted(
        platform for (known, platform), row in view.states.activations.items()
        if known == code and row.state is not Active.DISABLED
    )  # fmt: skip
    if platforms:
        raise StillEnabled(module=code, platforms=", ".join(map(str, platforms)))


def _out(view: View, action: Action, code: str, held: tuple[Table, ...] | None) -> Iterator[Step]:
    row = view.states.installation(code)
    if action in _DO and held is not None:
        yield Step(_DO[action], code, before=row.version, tables=held)
    if row.state is not Installed.ABSENT:
        kept = held if action is Action.UNINSTALL and held else ()
        yield Step(Do.UNINSTALL, code, before=row.version, tables=kept)


def _warnings(view: View, out: Collection[str]) -> Iterator[str]:
    for code in sorted(out):
        for other in sorted(dependents(view.catalog.definitions, [code]) - set(out)):
            if view.states.installation(other).state is not Installed.ABSENT:
                yield f"{other} needs {code}: to enable it installs {code} again"


def _back(view: View, archive: Archive) -> Step:
    code = archive.holder.code
    content = archive.content_hash if _has_content(view, archive) else ""
    return Step(Do.RESTORE, code, after=archive.version, content_hash=content, tables=archive.tables)


def _has_content(view: View, archive: Archive) -> bool:
    code = archive.holder.code
    here = view.catalog.get(code)
    return view.is_kept(code, archive.content_hash) or (
        here is not None and view.fingerprint(here) == archive.content_hash
    )


def _lost_content(view: View, archive: Archive) -> Iterator[str]:
    if not _has_content(view, archive):
        what = f"version {archive.version}" if archive.version else "the version"
        yield f"{what} that made these tables is gone: enabling the module migrates them to what its folder holds"
