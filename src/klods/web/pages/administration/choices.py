"""Fields whose choices are known only when the page is asked for."""

from collections.abc import Iterable
from typing import Any, Literal


def one_of(values: Iterable[str], *, or_none: bool = True) -> Any:
    """The type of a field that holds one of these, or nothing."""
    return Literal[(*([""] if or_none else []), *values)]
