"""Gives folders an import name: the one place that touches Python's import system."""

import builtins
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from klods.kernel.catalog import Origin, Source
from klods.kernel.names import package_name

ASIDE = "__aside"
"""How package names end that stand for files which are run beside those in force."""


class ModuleImporter:
    """A finder on `sys.meta_path` that knows which folder stands behind which package name.

    Distributions keep their own import name and are never mounted. Used as a context manager in tests and children.
    """

    def __init__(self) -> None:
        self._folders: dict[str, Path] = {}

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


@contextmanager
def aside(sources: Iterable[Source]) -> Iterator[Mapping[str, Source]]:
    """The files of modules under package names of their own, by code, while the block lasts.

    What the real names mean in this process, and what was loaded by them, stays as it is. Where these files import
    from each other by the real names, they get each other. Distributions keep their import name.
    """
    finder = _AsideFinder(sources)
    sys.meta_path.insert(0, finder)
    try:
        yield finder.sources
    finally:
        sys.meta_path.remove(finder)
        for package in finder.folders:
            forget(package)


class _AsideFinder:
    def __init__(self, sources: Iterable[Source]) -> None:
        self.sources = {source.code: source for source in sources}
        self.folders: dict[str, Path] = {}
        self._renamed: dict[str, str] = {}
        for source in [it for it in self.sources.values() if it.origin is not Origin.DISTRIBUTION]:
            package = self._renamed[source.package] = f"{source.package}{ASIDE}"
            self.folders[package] = source.folder.absolute()
            self.sources[source.code] = replace(source, package=package)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self.folders:
            spec = _package_spec(fullname, self.folders[fullname])
        elif _package_of(fullname) in self.folders:
            spec = PathFinder.find_spec(fullname, path, target)
        else:
            return None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _AsideLoader(spec.loader, self._import)
        return spec

    def _import(self, name: str, *given: Any, **named: Any) -> ModuleType:
        """Python's own import, where ``from klods.modules.shop… import`` is turned to the files at hand."""
        package = _package_of(name)
        match given:
            case (_, _, fromlist, 0) if fromlist and package in self._renamed:
                name = self._renamed[package] + name.removeprefix(package)
        return __import__(name, *given, **named)


class _AsideLoader(SourceFileLoader):
    """Runs a file with another `__import__`, which Python looks up among the builtins of the file."""

    def __init__(self, loader: SourceFileLoader, imports: Callable[..., ModuleType]) -> None:
        super().__init__(loader.name, loader.path)
        self._imports = imports

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = vars(builtins) | {"__import__": self._imports}
        super().exec_module(module)


def forget(package: str) -> None:
    """Drop a package and everything below it from the loaded modules; objects in use stay alive."""
    inside = f"{package}."
    # A copy, because other threads may import meanwhile.
    for name in list(sys.modules):
        if name == package or name.startswith(inside):
            sys.modules.pop(name, None)
    parent, _, child = package.rpartition(".")
    if parent in sys.modules:
        vars(sys.modules[parent]).pop(child, None)


def _package_of(name: str) -> str:
    return ".".join(name.split(".")[: len(package_name("").split("."))])


def _package_spec(fullname: str, folder: Path) -> ModuleSpec | None:
    init = folder / "__init__.py"
    if init.is_file():
        return spec_from_file_location(fullname, init, submodule_search_locations=[str(folder)])
    spec = ModuleSpec(fullname, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec
