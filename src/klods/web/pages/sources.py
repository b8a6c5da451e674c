"""Templates and texts of the host and of each module, read once per content."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, Undefined

from klods.kernel.catalog import Module
from klods.kernel.i18n import Texts, read_texts

WEB = Path(__file__).parent.parent
CACHED_TEMPLATES = 200


def host_texts() -> Texts:
    """The host's own texts."""
    return read_texts(WEB / "locales")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where one owner's pages come from."""

    environment: Environment
    texts: Texts


@dataclass
class Shelf:
    """The sources of the host and of every module that was asked for, by content.

    A module finds its own templates and, under ``klods/``, those of the host; never those of another module.
    """

    auto_reload: bool = False
    _by_content: dict[str, tuple[str, Sources]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._host_loader = FileSystemLoader(WEB / "templates")
        self.host = Sources(self._environment(self._host_loader, StrictUndefined), host_texts())

    def of(self, module: Module, content_hash: str) -> Sources:
        """The sources of a module with that content."""
        known = self._by_content.get(module.code)
        if known and known[0] == content_hash and not self.auto_reload:
            return known[1]
        with self._lock:
            self._by_content[module.code] = (content_hash, self._read(module))
            return self._by_content[module.code][1]

    def _read(self, module: Module) -> Sources:
        folder, definition = module.source.folder, module.definition
        loader = ChoiceLoader([self._host_loader, FileSystemLoader(folder / definition.templates_path)])
        texts = read_texts(folder / definition.locales_path, below=self.host.texts)
        return Sources(self._environment(loader, Undefined), texts)

    def _environment(self, loader: BaseLoader, undefined: type[Undefined]) -> Environment:
        return Environment(
            loader=loader,
            autoescape=True,
            undefined=undefined,
            auto_reload=self.auto_reload,
            cache_size=CACHED_TEMPLATES,
            trim_blocks=True,
            lstrip_blocks=True,
        )
