"""The safety switches of a module: what is in force, and what that makes of one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from klods.errors import KeptSafe, NotLive, ReadOnlyModule, UnclearDryRun
from klods.kernel.config import SWITCHES, WORDS, Environment
from klods.kernel.definition import ModuleDefinition
from klods.kernel.names import environment_prefix, python_name
from klods.kernel.state import StoredSwitches

_ASKED = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Switches:
    """What keeps a module from changing anything; both are on until somebody lets it go live."""

    read_only: bool = True
    dry_run: bool = True

    @property
    def live(self) -> bool:
        """Whether what the module does is kept."""
        return not (self.read_only or self.dry_run)

    @property
    def shown(self) -> str:
        """The one word for people: ``dry_run`` wins, because then everything runs dry."""
        return "dry_run" if self.dry_run else "read_only" if self.read_only else "live"

    @property
    def mode(self) -> "Mode":
        """How that runs which is asked for by nobody: a socket's message, work after the answer."""
        return Mode.DRY if self.dry_run else Mode.READ_ONLY if self.read_only else Mode.LIVE


LIVE = Switches(read_only=False, dry_run=False)


class Mode(StrEnum):
    """How one request of a module runs."""

    LIVE = "live"
    READ_ONLY = "read_only"
    DRY = "dry"

    def and_at_least(self, other: "Mode") -> "Mode":
        """The one of both under which less is kept; what is tried and undone says more than what may only read."""
        order = (Mode.LIVE, Mode.READ_ONLY, Mode.DRY)
        return max(self, other, key=order.index)


def effective(definition: ModuleDefinition, stored: StoredSwitches, environment: Environment) -> Switches:
    """What is in force: an explicit "on" wins over an explicit "off", which wins over what the definition says."""
    said = said_by_environment(definition.code, environment)

    def one(name: str) -> bool:
        explicit = (getattr(stored, name), said.get(name))
        if True in explicit:
            return True
        return False if False in explicit else bool(getattr(definition, name))

    return Switches(one("read_only"), one("dry_run"))


def said_by_environment(code: str, environment: Environment) -> dict[str, bool]:
    """What the environment says about the switches; a word that nobody understands keeps a switch on."""
    given = environment.get(python_name(code), {})
    return {name: WORDS.get(given[name].strip().lower(), True) for name in SWITCHES if name in given}


def refuse_kept_safe(code: str, environment: Environment) -> None:
    """Raise `KeptSafe`, which names the variables, when the environment keeps a switch of the module on."""
    said = said_by_environment(code, environment)
    if kept := [f"{environment_prefix(code)}{name.upper()}" for name in SWITCHES if said.get(name)]:
        raise KeptSafe(module=code, variables=" and ".join(kept))


def asked_for(queries: Sequence[str], headers: Sequence[str]) -> bool | None:
    """What a request says about being dry, in ``?dry_run=`` and ``X-Klods-Dry-Run``; None when it says nothing.

    Raises `UnclearDryRun` for another word than true and false, and when it says both.
    """
    words = {word.strip().lower() for word in (*queries, *headers)}
    if unknown := sorted(words - _ASKED.keys()):
        raise UnclearDryRun(reason=f"{unknown[0][:40]!r} is neither true nor false")
    if len(words) > 1:
        raise UnclearDryRun(reason="it says both true and false")
    return _ASKED[words.pop()] if words else None


def later_mode(code: str, switches: Switches, *, least: Mode, asked: bool | None) -> Mode:
    """How something runs that comes out of a request, by the switches as they are by then; raise `NotLive` as it would."""
    if asked is False and not switches.live:
        raise NotLive(module=code)
    return switches.mode.and_at_least(Mode.DRY if asked else least)


def mode_of(code: str, switches: Switches, *, unsafe: bool, reads_only: bool, asked: bool | None) -> Mode:
    """How a request runs; raise `ReadOnlyModule` or `NotLive` when it must not run as it wants to."""
    if asked is False and not switches.live:
        raise NotLive(module=code)
    if switches.dry_run or asked:
        return Mode.DRY
    if not switches.read_only:
        return Mode.LIVE
    if unsafe and not reads_only:
        raise ReadOnlyModule(module=code)
    return Mode.READ_ONLY
