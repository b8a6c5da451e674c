"""What people may do: permission codes, patterns over them, and who may hand them out."""

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from klods.kernel.definition import ModuleDefinition

EVERYTHING = "*"

HOST_PERMISSIONS: Mapping[str, str] = MappingProxyType({
    "klods.config.manage": "Change the settings of modules",
    "klods.config.read": "See the settings of modules",
    "klods.dry_runs.read": "See what dry runs would have changed",
    "klods.features.manage": "Give features to the platform and its vendors, and take them",
    "klods.log.read": "See what was done to modules, and by whom",
    "klods.menus.manage": "Change the menus of the platform",
    "klods.modules.manage": "Enable, disable, migrate and uninstall modules",
    "klods.modules.read": "See the modules, their state and what a plan would do",
    "klods.people.manage": "Create people, disable them, and give them roles",
    "klods.people.read": "See the people who may sign in",
    "klods.personal_data.manage": "Export and erase what is held about a person, and apply retention rules",
    "klods.platforms.manage": "Create, rename and archive platforms",
    "klods.roles.manage": "Change what roles may do",
    "klods.tokens.manage": "See and revoke the API tokens of others",
    "klods.vendors.manage": "Create, rename and archive vendors",
})  # fmt: skip
"""What the host itself asks for, in words."""

_CODE = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*\Z")


def covers(granted: Collection[str], wanted: str) -> bool:
    """Whether somebody with these permissions may do this; ``customers.*`` covers all below it, ``*`` everything."""
    if EVERYTHING in granted or wanted in granted:
        return True
    path = wanted.removesuffix(".*").split(".")
    return any(f"{'.'.join(path[:length])}.*" in granted for length in range(1, len(path)))


def beyond(granted: Collection[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """What is wanted and not covered: nobody may hand out what they do not have."""
    return tuple(sorted(permission for permission in set(wanted) if not covers(granted, permission)))


def covering_nothing(permissions: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Those that cover no known permission: a slip of the pen, or for a module that is still to come."""
    return tuple(sorted(one for one in set(permissions) if not any(covers((one,), code) for code in known)))


def is_pattern(text: str) -> bool:
    """Whether a role may hold this: a code, a code with ``.*``, or ``*``."""
    return text == EVERYTHING or _CODE.match(text.removesuffix(".*")) is not None


def known_permissions(definitions: Iterable[ModuleDefinition]) -> Mapping[str, str]:
    """Every permission code that can be given, with whose it is in words."""
    found = dict(HOST_PERMISSIONS)
    for definition in definitions:
        found |= dict.fromkeys(definition.permissions, definition.name)
    return dict(sorted(found.items()))
