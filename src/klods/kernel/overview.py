"""One row per module for lists: what it is, how it stands on a platform, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from klods.errors import NoSuchModule
from klods.kernel.catalog import Catalog, Module
from klods.kernel.config import Environment
from klods.kernel.definition import Form
from klods.kernel.graph import Definitions
from klods.kernel.holdings import Holder
from klods.kernel.names import default_prefix, python_name
from klods.kernel.parts import present
from klods.kernel.problems import Problem
from klods.kernel.state import Active, Installed, States
from klods.kernel.switches import effective


@dataclass(frozen=True, slots=True)
class Row:
    """What a list shows of one module; ``shown`` is the one word for its state."""

    code: str
    name: str
    description: str = ""
    version: str = ""
    origin: str = ""
    folder: str = ""
    shown: str = "disabled"
    enabled: bool = False
    mode: str = ""
    """What its safety switches make of its requests: ``live``, ``read_only`` or ``dry_run``."""

    installed: str = Installed.ABSENT.value
    active: str = Active.DISABLED.value
    reason: str = ""
    is_core: bool = False
    is_internal: bool = False
    kind: str = ""
    """``core``, ``internal`` or ``optional``; empty for a module that cannot be read."""

    form: str = ""
    """``self_contained`` when it brings parts of its own or says so, else ``wrapper``."""

    conflicts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What lists are made from."""

    catalog: Catalog
    states: States
    in_force: Definitions = field(default_factory=dict)
    """What the approved content of every installed module says, by code."""

    environment: Environment = field(default_factory=dict)

    def holder(self, code: str) -> Holder:
        """Whose the tables of a module are; one that nobody can read any more has the usual prefix."""
        definition = self.in_force.get(code) or self.catalog.definitions.get(code)
        return definition.holder if definition else Holder(code, default_prefix(code))


def overview(known: Known, platform_id: int) -> list[Row]:
    """Every module that was found or is stored, the enabled ones first."""
    rows = [_row(known, code, platform_id) for code in _codes(known)]
    return sorted(rows, key=lambda row: (not row.enabled, row.code))


def find(known: Known, code: str, platform_id: int) -> Row:
    """The row of one module; raise `NoSuchModule` when it was neither found nor stored."""
    for it in _codes(known):
        if python_name(it) == python_name(code):
            return _row(known, it, platform_id)
    raise NoSuchModule(module=code)


def _codes(known: Known) -> dict[str, None]:
    """What was found or is stored, each once; of a module that is gone and left no tables there is nothing to show."""
    stored = (
        row.code for row in known.states.installations.values() if row.state is not Installed.ABSENT or row.version
    )
    return dict.fromkeys((*known.catalog, *known.catalog.broken, *stored))


def _row(known: Known, code: str, platform_id: int) -> Row:
    catalog, states = known.catalog, known.states
    installation, activation = states.installation(code), states.activation(code, platform_id)
    problems = catalog.problems.of(code)
    return replace(
        _identity(known, code),
        shown=_shown(catalog, states, code, platform_id),
        enabled=activation.state is Active.ENABLED,
        mode=_mode(known, code, platform_id),
        installed=installation.state.value,
        active=activation.state.value,
        reason=_reason(states, code, platform_id) or next(map(_said, problems.errors), ""),
        problems=tuple(map(_said, problems)),
    )


def _mode(known: Known, code: str, platform_id: int) -> str:
    definition = known.in_force.get(code) or known.catalog.definitions.get(code)
    stored = known.states.stored_switches(code, platform_id)
    return effective(definition, stored, known.environment).shown if definition else ""


def _identity(known: Known, code: str) -> Row:
    catalog = known.catalog
    if code not in catalog:
        source = catalog.broken.get(code)
        return Row(code, code, folder=str(source.folder) if source else "")
    module = catalog[code]
    definition, counts = module.definition, known.in_force.get(code) or module.definition
    return Row(
        code,
        definition.name,
        definition.description,
        definition.version,
        origin=module.source.origin.value,
        folder=str(module.source.folder),
        is_core=counts.is_core,
        is_internal=counts.is_internal,
        kind=counts.kind.value,
        form=form_of(module).value,
        conflicts=tuple(map(str, counts.conflicts)),
        requires=tuple(map(str, definition.requires)),
        required_by=tuple(other.code for other in _dependents(catalog, code)),
    )


def form_of(module: Module) -> Form:
    """Whether the module has parts of its own beyond its definition, or says that it is complete."""
    own = set(present(module.source)) - {"definition"}
    return Form.SELF_CONTAINED if module.definition.is_self_contained or own else Form.WRAPPER


def _dependents(catalog: Catalog, code: str) -> Iterator[Module]:
    return (module for module in catalog.values() if code in module.definition.required_codes)


def _shown(catalog: Catalog, states: States, code: str, platform_id: int) -> str:
    installation, activation = states.installation(code), states.activation(code, platform_id)
    if installation.state in (Installed.FAILED, Installed.QUARANTINED):
        return installation.state.value
    if activation.state is not Active.DISABLED:
        return activation.state.value
    if code in catalog.broken:
        return "broken"
    if code not in catalog:
        return "missing"
    return activation.state.value


def _reason(states: States, code: str, platform_id: int) -> str:
    installation, activation = states.installation(code), states.activation(code, platform_id)
    for row in (installation, activation):
        if row.reason:
            return f"{row.reason.value}: {row.detail}" if row.detail else row.reason.value
    return activation.detail


def _said(problem: Problem) -> str:
    """The problem with its place inside the module's folder, as far as it has one."""
    folder = Path(problem.file).parent
    place = problem.where.removeprefix(f"{folder}/")
    return f"{problem.message} ({place})" if place else problem.message
