"""What module code calls for its configuration."""

from contextlib import suppress
from typing import Any

from klods.db.scope import current_scope
from klods.errors import NoScope
from klods.kernel.config import lookup
from klods.kernel.definition import ModuleDefinition
from klods.settings import Settings


def get_module_config(module: str, key: str, default: Any = None) -> Any:
    """One value of ``MODULES__<MODULE>__<KEY>``, else what the module's definition says, else `default`.

    A text as `default` makes the answer a text: a switch is then ``"true"`` or ``"false"``. Where there is no scope, as
    while a module is imported, no definition is known. Inside a request the module's own ``READ_ONLY`` and ``DRY_RUN`` say
    how that request runs, so that code which asks for them agrees with the host. Raises `InvalidConfig` for a text of another kind than is needed.
    """
    running = _running(module, key)
    if running is not None:
        return str(running).lower() if isinstance(default, str) else running
    return lookup(module, key, Settings().modules, definition=_definition(module), default=default)


def _running(module: str, key: str) -> bool | None:
    with suppress(NoScope):
        scope = current_scope()
        if scope.judged and scope.module == module:
            return {"read_only": scope.read_only, "dry_run": scope.dry}.get(key.lower())
    return None


def _definition(module: str) -> ModuleDefinition | None:
    with suppress(NoScope):
        found = current_scope().catalog.get(module)
        return found.definition if found else None
    return None
