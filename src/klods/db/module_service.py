"""`klods.module_service`: the whole configuration of a module, read and changed in the transaction of the caller."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from klods.db.config import configuration_of
from klods.db.scope import Scope, open_scope
from klods.errors import NoScope, OtherModulesConfig, ReadOnlyModule, StaleConfig, UnreadableSecret
from klods.kernel.config import values as values_in_force
from klods.kernel.config_changes import NewConfig, merged
from klods.kernel.config_choice import checked_names, refuse_unstorable, typed_by_defaults
from klods.kernel.config_schema import schema_from, schema_of, secrets_of
from klods.kernel.configured import in_clear, sealed
from klods.kernel.definition import ModuleDefinition
from klods.kernel.names import python_name
from klods.kernel.parts import load_definition
from klods.kernel.state import StoredConfig

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["get_module_config", "set_module_config"]

OWN = "select stored_values, stored_secrets, stored_version from klods.own_config(%s)"
SET_OWN = "select klods.set_own_config(%s, %s, %s, %s, %s, %s) as version"


def get_module_config(db: "Session", platform_id: int, code: str) -> dict[str, Any]:  # noqa: ARG001
    """Everything in force, checked and completed by the schema; secrets are `SecretStr`, those of other modules left out.

    It sees what this unit has set already. Raises `OtherModulesConfig` for another platform than the scope's.
    """
    scope = _on(platform_id, code, "read the configuration")
    if code != scope.module:
        return configuration_of(scope, code).shown()
    stored = _own(scope)
    return values_in_force(_definition(scope), scope.database.environment, in_clear(stored, scope.database.cipher))


def set_module_config(db: "Session", platform_id: int, code: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set some values of the module's own configuration, in the present unit; other processes follow after its commit.

    The schema checks the whole. Raises `InvalidConfig`, `OtherModulesConfig`, `ReadOnlyModule`, or `StaleConfig` when
    another unit has set something meanwhile.
    """
    scope = _on(platform_id, code, "change the configuration")
    if code != scope.module:
        raise _refusal(scope, code, platform_id, "change the configuration")
    if scope.read_only:
        raise ReadOnlyModule(module=scope.held_by or scope.module)
    definition, stored = _definition(scope), _own(scope)
    _write(scope, _changed(scope, definition, stored, values))
    return get_module_config(db, platform_id, code)


def _changed(scope: Scope, definition: ModuleDefinition, stored: StoredConfig, values: Mapping[str, Any]) -> NewConfig:
    cipher = scope.database.cipher
    if cipher is None:
        raise UnreadableSecret(what=definition.code, reason="This process has no key.")
    schema = schema_of(definition.config_schema) if definition.config_schema else schema_from(definition.default_config)
    given = checked_names(schema, definition, scope.database.environment.get(python_name(definition.code), {}), values)
    hidden = secrets_of(schema)
    if definition.config_schema is None:
        given = typed_by_defaults(definition, given)
    found = values_in_force(definition, scope.database.environment, in_clear(stored, cipher) | given)
    plain = {name: _plain(found[name]) for name in given if name not in hidden}
    refuse_unstorable(definition.code, plain)
    fresh = {name: sealed(stored, name, given[name], cipher) for name in given if name in hidden}
    return NewConfig(stored, merged(stored, plain, ()), {**stored.secrets, **fresh})


def _write(scope: Scope, new: NewConfig) -> None:
    by = scope.subject.login if scope.subject else ""
    before = new.before
    parameters = [before.module, before.version, Jsonb(dict(new.values)), Jsonb(dict(new.secrets)), by]
    row = scope.unit.run(SET_OWN, [*parameters, Jsonb(list(new.changes))]).fetchone()
    if row is None or row["version"] is None:
        raise StaleConfig(module=before.module, seen=before.version, version=_own(scope).version)
    scope.unit.when_kept(scope.database.announce)


def _own(scope: Scope) -> StoredConfig:
    row = scope.unit.run(OWN, [scope.module]).fetchone()
    if row is None:
        return StoredConfig(scope.module, scope.platform_id)
    return StoredConfig(
        scope.module, scope.platform_id, row["stored_values"], row["stored_secrets"], row["stored_version"]
    )


def _on(platform_id: int, code: str, act: str) -> Scope:
    scope = open_scope()
    if platform_id != scope.platform_id:
        raise _refusal(scope, code, platform_id, act)
    return scope


def _refusal(scope: Scope, code: str, platform_id: int, act: str) -> OtherModulesConfig:
    return OtherModulesConfig(module=scope.module, act=act, other=code, platform=platform_id)


def _definition(scope: Scope) -> ModuleDefinition:
    """With the schema, which only the module's own code has; it runs in this process already."""
    module = scope.catalog.get(scope.module)
    if module is None:
        raise NoScope
    if module.definition.config_schema is not None:
        return module.definition
    return load_definition(module.source, module.definition)


def _plain(value: Any) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, fallback=str)
