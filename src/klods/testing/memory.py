"""In-memory twins of the kernel's ports: the same behaviour without a database, files or other processes."""

from types import ModuleType, TracebackType
from typing import Self

from klods.errors import PartFailed
from klods.kernel.catalog import Source
from klods.kernel.definition import ModuleDefinition
from klods.kernel.importer import ModuleImporter, forget
from klods.kernel.parts import load_part, spoken_definition


class ReaderHere:
    """A `DefinitionReader` that runs definition.py in this very process, and forgets it again."""

    def __init__(self) -> None:
        self._importer = ModuleImporter()

    def read(self, source: Source) -> ModuleDefinition:
        """Run the file and return what it defines; raise `PartFailed` when it cannot be run or defines nothing."""
        self._importer.mount(source)
        try:
            namespace = load_part(source, "definition")
            spoken = spoken_definition(source, namespace) if isinstance(namespace, ModuleType) else None
        finally:
            self._importer.unmount(source.package)
            forget(source.package)
        if spoken is None:
            reason = "definition.py holds no ModuleDefinition"
            raise PartFailed(module=source.code, part="definition", reason=reason, where="definition.py:1")
        return spoken

    def __enter__(self) -> Self:
        self._importer.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._importer.remove()
