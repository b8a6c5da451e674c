"""Loads the parts of modules: the only place that imports by a string."""

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from klods.errors import PartFailed
from klods.kernel.catalog import Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.faults import sentence, where

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part stands inside a module: a dotted file, and the name in it that is wanted (empty: the file itself)."""

    path: str
    name: str = ""

    @property
    def file(self) -> str:
        """The part's file below the module's folder."""
        return self.path.replace(".", "/") + ".py"

    def exists(self, folder: Path) -> bool:
        """Whether the module has this part, as a file or as a package."""
        inside = folder / self.path.replace(".", "/")
        return inside.with_suffix(".py").is_file() or (inside / "__init__.py").is_file()


PARTS: Mapping[str, Part] = {
    "definition": Part("definition"),
    "backend": Part("backend.router", "router"),
    "pages": Part("frontend.views", "router"),
    "admin": Part("routes.admin", "admin_router"),
    "vendor": Part("routes.vendor", "vendor_router"),
    "api": Part("api"),
    "tasks": Part("tasks"),
    "listeners": Part("listeners"),
    "cli": Part("cli"),
    "panels": Part("panels", "panels"),
}

LIVE = (
    "config_schema", "on_enable", "on_disable", "on_startup", "health_check", "export_person", "erase_person"
)  # fmt: skip
"""What only running code can give a definition."""


def present(source: Source) -> tuple[str, ...]:
    """The names of the parts that a module has, without loading any."""
    return tuple(name for name, part in PARTS.items() if part.exists(source.folder))


def load_part(source: Source, part: str) -> object | None:
    """Import one part of a mounted module and return what it offers; None when the module has no such part.

    Raises `PartFailed`, whose ``where`` is the file and line of the module's own code that led to the error.
    """
    wanted = PARTS[part]
    if not wanted.exists(source.folder):
        return None
    module = _import(source, part, wanted)
    if not wanted.name:
        return module
    if not hasattr(module, wanted.name):
        reason = f"{wanted.file} has no {wanted.name!r}"
        raise PartFailed(module=source.code, part=part, reason=reason, where=f"{wanted.file}:1")
    offered: object = getattr(module, wanted.name)
    return offered


def load_definition(source: Source, static: ModuleDefinition) -> ModuleDefinition:
    """The definition with its callables, from the module's `definition.py`; the static one when there is none."""
    namespace = load_part(source, "definition")
    if not isinstance(namespace, ModuleType):
        return static
    spoken = spoken_definition(source, namespace)
    offered: Any = namespace if spoken is None else spoken
    return replace(static, **{name: value for name in LIVE if (value := getattr(offered, name, None)) is not None})


def spoken_definition(source: Source, namespace: ModuleType) -> ModuleDefinition | None:
    """The `ModuleDefinition` that a loaded definition.py holds, under any name; None when it holds only functions."""
    found = {id(value): value for value in vars(namespace).values() if isinstance(value, ModuleDefinition)}
    own = [value for value in found.values() if value.code == source.code] or list(found.values())
    if len(own) > 1:
        codes = ", ".join(sorted(value.code for value in own))
        reason = f"definition.py holds {len(own)} definitions ({codes}); leave one"
        raise PartFailed(module=source.code, part="definition", reason=reason, where="definition.py:1")
    return own[0] if own else None


def _import(source: Source, part: str, wanted: Part) -> ModuleType:
    try:
        return importlib.import_module(f"{source.package}.{wanted.path}")
    except (Exception, SystemExit) as error:
        spot = where(error, source.folder, otherwise=wanted.file)
        log.debug("loading %s of %s failed at %s", part, source.code, spot, exc_info=True)
        reason = f"{sentence(error)} ({spot})"
        raise PartFailed(module=source.code, part=part, reason=reason, where=spot) from error
