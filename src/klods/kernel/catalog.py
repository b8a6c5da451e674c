"""The immutable set of modules that were found, by code."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from klods.errors import NoSuchModule
from klods.kernel.definition import ModuleDefinition
from klods.kernel.problems import Problems


class Origin(StrEnum):
    """Where a module was found."""

    BUILTIN = "builtin"
    FOLDER = "folder"
    DISTRIBUTION = "distribution"


@dataclass(frozen=True, slots=True)
class Source:
    """A module's files: the folder, the import name, and where it came from."""

    code: str
    folder: Path
    package: str
    origin: Origin = Origin.FOLDER


@dataclass(frozen=True, slots=True)
class Module:
    """A module that was found and whose definition could be read."""

    definition: ModuleDefinition
    source: Source
    settings: Callable[[], Mapping[str, Any]] = field(default=dict, compare=False, repr=False)
    """Gives the JSON schema of its ``config_schema``; found out when it is first asked for."""

    @property
    def code(self) -> str:
        """The module's unique name."""
        return self.definition.code


class Catalog(Mapping[str, Module]):
    """Modules by code, together with every problem met while finding them.

    A module whose definition could not be read is not an entry; it stands in `broken` and has its problems.
    """

    def __init__(
        self, modules: Iterable[Module] = (), *, broken: Iterable[Source] = (), problems: Problems | None = None
    ) -> None:
        self._modules = {module.code: module for module in sorted(modules, key=lambda module: module.code)}
        self.broken: Mapping[str, Source] = {source.code: source for source in broken}
        self.problems = problems or Problems()
        self.definitions: Mapping[str, ModuleDefinition] = MappingProxyType(
            {code: module.definition for code, module in self._modules.items()}
        )
        """The definitions alone, by code."""

    def __getitem__(self, code: str) -> Module:
        return self._modules[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def completed(self, others: Iterable[Module]) -> "Catalog":
        """This catalog with those of the others whose code it has no module for; what is broken stays broken."""
        missing = [module for module in others if module.code not in self]
        return Catalog([*self.values(), *missing], broken=self.broken.values(), problems=self.problems)

    def saying(self, definitions: Mapping[str, ModuleDefinition]) -> "Catalog":
        """This catalog with other definitions of some of its modules."""
        modules = (replace(it, definition=definitions.get(it.code, it.definition)) for it in self.values())
        return Catalog(modules, broken=self.broken.values(), problems=self.problems)

    def find(self, code: str) -> Module:
        """The module with that code; raise `NoSuchModule` when there is none."""
        try:
            return self._modules[code]
        except KeyError:
            raise NoSuchModule(module=code) from None
