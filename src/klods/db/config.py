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
    while a module is imported, no definition is known. Raises `InvalidConfig` for a text of another kind than is needed.
    """
    return lookup(module, key, Settings().modules, definition=_definition(module), default=default)


def _definition(module: str) -> ModuleDefinition | None:
    with suppress(NoScope):
        found = current_scope().catalog.get(module)
        return found.definition if found else None
    return None
