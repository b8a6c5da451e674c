"""Marks that module authors put on handlers; they change nothing about the function they are put on."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

Handler = TypeVar("Handler", bound=Callable[..., Any])

PUBLIC = "__klods_public__"
READS_ONLY = "__klods_reads_only__"


@overload
def public(handler: Handler) -> Handler: ...
@overload
def public(handler: None = None) -> Callable[[Handler], Handler]: ...
def public(handler: Handler | None = None) -> Handler | Callable[[Handler], Handler]:
    """Let anybody call this handler, signed in or not; stands above or below the route's decorator."""
    return _marking(PUBLIC) if handler is None else _mark(handler, PUBLIC)


@overload
def reads_only(handler: Handler) -> Handler: ...
@overload
def reads_only(handler: None = None) -> Callable[[Handler], Handler]: ...
def reads_only(handler: Handler | None = None) -> Handler | Callable[[Handler], Handler]:
    """Say that this handler changes nothing although its method is an unsafe one: it runs while its module is READ_ONLY."""
    return _marking(READS_ONLY) if handler is None else _mark(handler, READS_ONLY)


def is_public(handler: object) -> bool:
    """Whether the handler, or a function it wraps, is marked `public`."""
    return any(PUBLIC in vars(layer) for layer in _layers(handler))


def is_reads_only(handler: object) -> bool:
    """Whether the handler, or a function it wraps, is marked `reads_only`."""
    return any(READS_ONLY in vars(layer) for layer in _layers(handler))


def _marking(mark: str) -> Callable[[Handler], Handler]:
    return lambda handler: _mark(handler, mark)


def _mark(handler: Handler, mark: str) -> Handler:
    for layer in _layers(handler):
        # The route may have been made from the innermost function, below other decorators.
        setattr(layer, mark, True)
    return handler


def _layers(handler: object) -> Iterator[Any]:
    seen: set[int] = set()
    while handler is not None and id(handler) not in seen:
        seen.add(id(handler))
        if hasattr(handler, "__dict__"):
            yield handler
        handler = getattr(handler, "__wrapped__", None) or getattr(handler, "func", None)
