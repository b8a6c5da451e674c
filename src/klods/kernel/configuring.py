"""Shows what modules are configured with, and changes it: for the API, the pages and the command line alike."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from klods.errors import ChangedSince, InvalidConfig, StaleConfig, UnreadableSecret
from klods.kernel.catalog import Module, Source
from klods.kernel.config import Environment
from klods.kernel.config_changes import ConfigChange, NewConfig, merged
from klods.kernel.config_choice import checked_names, refuse_unstorable, schema_for, typed_by_defaults
from klods.kernel.config_schema import Schema, names_of, secrets_of
from klods.kernel.config_view import Setting, settings_of
from klods.kernel.configured import opened, place_of, sealed
from klods.kernel.names import python_name
from klods.kernel.ports import Cipher, ConfigProbe, Processes, Question
from klods.kernel.state import StoredConfig

TRIES = 3
"""How often a change without a version begins anew when somebody else was faster."""


class ConfigStore(Protocol):
    """Where configurations are kept."""

    def read(self, code: str, platform_id: int) -> StoredConfig:
        """What is stored, or a row that says nothing."""

    def write(self, new: NewConfig, actor: str) -> int:
        """Store it and tell every process; return the generation. Raises `StaleConfig`."""

    def history(self, code: str, platform_id: int, *, most: int = 100) -> tuple[ConfigChange, ...]:
        """What was changed, the newest first."""

    def change(self, code: str, platform_id: int, number: int) -> tuple[ConfigChange, Mapping[str, str]]:
        """One change, and the ciphertexts that stood before it; raise `NoSuchConfigChange`."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The configuration of one module on one platform, as it may be seen."""

    module: Module
    needed: tuple[Source, ...]
    schema: Schema
    stored: StoredConfig
    settings: tuple[Setting, ...]
    late: tuple[str, ...] = ()
    """Processes that have not followed the change yet that led here."""

    @property
    def code(self) -> str:
        """The module's code."""
        return self.module.code


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be set and what is to be as before anybody said anything, by whoever saw a version of it."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unset: Collection[str] = ()
    version: int | None = None
    """The version that was seen; None begins anew when somebody else was faster."""

    why: str = ""
    whole: bool = False
    """Whether everything that is not named is to be unset."""


@dataclass(frozen=True)
class Configuration:
    """Works over the stored rows, the code of modules in a child process, and the keys."""

    rows: ConfigStore
    probe: ConfigProbe
    cipher: Cipher
    environment: Environment
    find: Callable[[str], tuple[Module, tuple[Source, ...]]]
    """A module as it runs, and the files of those it needs; raises `NoSuchModule`."""

    processes: Processes
    seconds: float = 10

    def show(self, code: str, platform_id: int) -> Shown:
        """Every setting, where its value comes from, and the version; never a secret. Raises `NoSuchModule` or `PartFailed`."""
        module, needed = self.find(code)
        schema = schema_for(self.probe.settings(module.source, needed), module.definition)
        stored = self.rows.read(module.code, platform_id)
        return Shown(
            module, needed, schema, stored, settings_of(module.definition, schema, stored, self._given(module))
        )

    def change(self, code: str, platform_id: int, wish: Wish, *, actor: str) -> Shown:
        """Store what is wished for, all of it or nothing, and wait until every process follows.

        Raises `InvalidConfig` with its faults by field, or `StaleConfig`.
        """
        for left in reversed(range(TRIES)):
            try:
                return self._change(self.show(code, platform_id), wish, actor)
            except StaleConfig:
                if wish.version is not None or not left:
                    raise
        raise AssertionError

    def history(self, code: str, platform_id: int) -> tuple[ConfigChange, ...]:
        """Who changed what and when, the newest first; raises `NoSuchModule`."""
        return self.rows.history(self.find(code)[0].code, platform_id)

    def undo(self, code: str, platform_id: int, number: int, *, actor: str) -> Shown:
        """Put back what stood before one change, secrets too.

        Raises `NoSuchConfigChange`, `ChangedSince` when a later change is in the way, or `InvalidConfig`.
        """
        shown = self.show(code, platform_id)
        change, ciphertexts = self.rows.change(shown.code, platform_id, number)
        later = {name for it in self.history(shown.code, platform_id) if it.id > number for name in it.names}
        if again := sorted(later & set(change.names)):
            raise ChangedSince(module=shown.code, change=number, names=", ".join(again))
        old = shown.stored
        values = merged(old, _before(change), [it["name"] for it in change.changes if "before" not in it])
        kept = {name: text for name, text in old.secrets.items() if name not in change.names}
        back = {name: ciphertexts[name] for name in change.names if name in ciphertexts}
        new = NewConfig(old, values, {**kept, **back}, why=f"undoes change {number}", undoes=number)
        self._normal(shown, {**values, **self._in_clear(replace(old, secrets=new.secrets))})
        return self._store(shown, new, actor)

    def _change(self, shown: Shown, wish: Wish, actor: str) -> Shown:
        old = shown.stored
        if wish.version is not None and wish.version != old.version:
            raise StaleConfig(module=shown.code, seen=wish.version, version=old.version)
        hidden = secrets_of(shown.schema)
        given = checked_names(shown.schema, shown.module.definition, self._given(shown.module), wish.values)
        refuse_unstorable(shown.code, given)
        gone = self._gone(shown, wish, given)
        kept = replace(old, secrets={name: it for name, it in old.secrets.items() if name not in {*gone, *given}})
        clear = {**merged(old, given, gone), **self._in_clear(kept)}
        normal = self._normal(shown, clear)
        plain = {name: normal.get(name, given[name]) for name in given if name not in hidden}
        refuse_unstorable(shown.code, plain)
        fresh = {name: sealed(old, name, given[name], self.cipher) for name in given if name in hidden}
        new = NewConfig(old, merged(old, plain, {*gone, *fresh}), {**kept.secrets, **fresh}, why=wish.why)
        return self._store(shown, new, actor)

    def _gone(self, shown: Shown, wish: Wish, given: Mapping[str, Any]) -> set[str]:
        stored = shown.stored.names
        if wish.whole:
            return set(stored) - set(given) - {name for name in wish.unset if name in stored}
        known = {name.lower(): name for name in (*names_of(shown.schema), *stored)}
        if unknown := [name for name in wish.unset if name.lower() not in known]:
            faults = {name: {"type": "config_name", "msg": "there is no such setting", "ctx": {}} for name in unknown}
            raise InvalidConfig(module=shown.code, reason=f"there is no setting {', '.join(unknown)}", faults=faults)
        return {known[name.lower()] for name in wish.unset}

    def _store(self, shown: Shown, new: NewConfig, actor: str) -> Shown:
        if not new.changes:
            return shown
        # ModuleEvent.CONFIG_CHANGED belongs where this is kept: klods.write_config, which the modules' own changes pass too.
        generation = self.rows.write(new, actor)
        late = self.processes.wait(generation, self.seconds).late
        return replace(self.show(shown.code, shown.stored.platform_id), late=late)

    def _normal(self, shown: Shown, clear: Mapping[str, Any]) -> Mapping[str, Any]:
        """What would be in force, looked at by the module's own code where it has any."""
        if not self.probe.settings(shown.module.source, shown.needed):
            return typed_by_defaults(shown.module.definition, clear)
        return self.probe.normal(Question(shown.module, shown.needed, self._given(shown.module), clear))

    def _in_clear(self, stored: StoredConfig) -> dict[str, Any]:
        clear, faults, reason = {}, {}, ""
        for name in stored.secrets:
            try:
                clear[name] = opened(stored, name, self.cipher)
            except UnreadableSecret as error:
                reason = f"{error} {error.advice}"
                faults[name] = {"type": "unreadable", "msg": reason, "ctx": {}, "variable": name}
        if faults:
            raise InvalidConfig(module=stored.module, reason=reason, faults=faults)
        return clear

    def _given(self, module: Module) -> Mapping[str, str]:
        return self.environment.get(python_name(module.code), {})


def _before(change: ConfigChange) -> dict[str, Any]:
    return {it["name"]: it["before"] for it in change.changes if "before" in it}


def resealed(stored: StoredConfig, cipher: Cipher) -> tuple[dict[str, str], tuple[str, ...]]:
    """The secrets of a row under the first key, and the places of those that cannot be read and stay what they are."""
    secrets, lost = dict(stored.secrets), []
    for name, text in stored.secrets.items():
        if cipher.is_current(text):
            continue
        try:
            secrets[name] = cipher.seal(place_of(stored, name), cipher.open(place_of(stored, name), text))
        except UnreadableSecret:
            lost.append(place_of(stored, name))
    return secrets, tuple(lost)
