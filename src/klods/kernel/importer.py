"""Gives folders an import name: the one place that touches Python's import system."""

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Self

from klods.kernel.catalog import Origin, Source


class ModuleImporter:
    """A finder on `sys.meta_path` that knows which folder stands behind which package name.

    Distributions keep their own import name and are never mounted. Used as a context manager in tests and children.
    """

    def __init__(self) -> None:
        self._folders: dict[str, Path] = {}

    @classmethod
    def installed(cls) -> Self | None:
        """The finder that this process uses, if it has installed one."""
        return next((finder for finder in sys.meta_path if isinstance(finder, cls)), None)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a mounted package; what lies below it is found by Python's own path finder."""
        del path, target
        folder = self._folders.get(fullname)
        return None if folder is None else _package_spec(fullname, folder)

    def mount(self, source: Source) -> None:
        """Let the package name mean this folder; another folder mounted before is forgotten with all it loaded."""
        if source.origin is Origin.DISTRIBUTION:
            return
        folder = source.folder.absolute()
        if self._folders.get(source.package) == folder:
            return
        self.unmount(source.package)
        self._folders[source.package] = folder
        importlib.invalidate_caches()

    def unmount(self, package: str) -> None:
        """Forget the folder and everything that was imported from it."""
        if self._folders.pop(package, None) is not None:
            forget(package)

    def mounted(self, package: str) -> Path | None:
        """The folder behind a package name."""
        return self._folders.get(package)

    def install(self) -> None:
        """Put this finder first, before Python looks for a real package of that name."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Take the finder away, with everything that came through it."""
        for package in tuple(self._folders):
            self.unmount(package)
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def __enter__(self) -> Self:
        self.install()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()


def forget(package: str) -> None:
    """Drop a package and everything below it from the loaded modules; objects in use stay alive."""
    inside = f"{package}."
    for name in [name for name in sys.modules if name == package or name.startswith(inside)]:
        sys.modules.pop(name, None)
    parent, _, child = package.rpartition(".")
    if parent in sys.modules:
        vars(sys.modules[parent]).pop(child, None)


def _package_spec(fullname: str, folder: Path) -> ModuleSpec | None:
    init = folder / "__init__.py"
    if init.is_file():
        return spec_from_file_location(fullname, init, submodule_search_locations=[str(folder)])
    spec = ModuleSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec
