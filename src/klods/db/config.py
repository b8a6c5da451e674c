"""What module code calls for its configuration."""

from contextlib import suppress
from typing import Any

from klods.db.scope import Scope, current_scope
from klods.errors import NoScope, OtherModulesConfig
from klods.kernel.configured import Configured
from klods.kernel.state import StoredConfig
from klods.settings import Settings


def get_module_config(module: str, key: str, default: Any = None) -> Any:
    """One value: of ``MODULES__<MODULE>__<KEY>``, else what is stored for the platform, else what the module says, else `default`.

    A text as `default` makes the answer a text: a switch is then ``"true"`` or ``"false"``. Where there is no scope, as
    while a module is imported, only the environment is known. Inside a request the module's own ``READ_ONLY`` and ``DRY_RUN`` say
    how that request runs, so that code which asks for them agrees with the host. Raises `InvalidConfig` for a text of
    another kind than is needed, `OtherModulesConfig` for a secret of another module, and `UnreadableSecret`.
    """
    scope = _scope()
    running = _running(scope, module, key)
    if running is not None:
        return str(running).lower() if isinstance(default, str) else running
    configured = configuration_of(scope, module)
    if scope is not None and scope.module != module and configured.is_secret(key):
        raise OtherModulesConfig(
            module=scope.module, act=f"see the secret {key}", other=module, platform=scope.platform_id
        )
    return configured.find(key, default)


def configuration_of(scope: Scope | None, module: str) -> Configured:
    """What a module is configured with, as far as the scope knows."""
    if scope is None:
        return Configured(StoredConfig(module, 0), Settings().modules)
    if scope.configuration is not None:
        return scope.configuration(module, scope.platform_id)
    row = StoredConfig(module, scope.platform_id)
    return Configured(row, Settings().modules, scope.catalog.get(module), scope.database.cipher)


def _scope() -> Scope | None:
    with suppress(NoScope):
        return current_scope()
    return None


def _running(scope: Scope | None, module: str, key: str) -> bool | None:
    if scope is not None and scope.judged and scope.module == module:
        return {"read_only": scope.read_only, "dry_run": scope.dry}.get(key.lower())
    return None
