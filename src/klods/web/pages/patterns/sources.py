"""The source of each pattern, read from the very files that make it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from klods.web.pages.patterns import orders
from klods.web.pages.sources import WEB

FOLDER = WEB / "templates" / "klods" / "patterns"


@dataclass(frozen=True, slots=True)
class Source:
    """What an author writes for a pattern."""

    template: str
    python: str = ""


@cache
def pattern_sources(handlers: tuple[tuple[str, Callable[..., object]], ...]) -> Mapping[str, Source]:
    """By the name of the pattern's template: what is declared for it, then the functions that serve it."""
    python = {
        "table": [_declared(orders, "ORDERS = Table(", "\n)\n")],
        "form": [inspect.getsource(orders.OrderIn), _declared(orders, "ORDER_FORM = ", "\n")],
    }
    for name, handler in handlers:
        python.setdefault(name, []).append(inspect.getsource(handler))
    return {
        file.stem: Source(file.read_text("utf-8").strip(), "\n\n".join(python.get(file.stem, ())))
        for file in sorted(FOLDER.glob("*.html"))
        if not file.stem.endswith("page")
    }


def _declared(module: ModuleType, begins: str, ends: str) -> str:
    """A piece of a module's source."""
    text = inspect.getsource(module)
    start = text.index(begins)
    return text[start : text.index(ends, start) + len(ends)]
