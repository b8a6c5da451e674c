"""What may begin an answer: a server would drop the connection over anything else, after the unit was kept."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

STATUSES = range(200, 600)

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class BadAnswer(ValueError):
    """The code of a module began an answer that no server can send."""


def refuse_malformed(status: Any, headers: Iterable[Any]) -> None:
    """Raise `BadAnswer` unless an answer can begin like this."""
    if not isinstance(status, int) or status not in STATUSES:
        raise BadAnswer(f"the status of the answer is {status!r}, and not from {STATUSES[0]} to {STATUSES[-1]}")
    for name, value in headers:
        if type(name) is not bytes or type(value) is not bytes:
            raise BadAnswer(f"the header {name!r} of the answer is not made of bytes")
        is_name, is_length = _kind(name)
        if not is_name or _CONTROL.search(value):
            raise BadAnswer(f"the header {name!r} of the answer holds what a header cannot hold")
        if is_length and not value.isdigit():
            raise BadAnswer(f"the content-length of the answer is {value!r}")


@lru_cache(maxsize=1024)
def _kind(name: bytes) -> tuple[bool, bool]:
    """Whether it can be the name of a header, and whether it is that of the length."""
    return _NAME.fullmatch(name) is not None, name.lower() == b"content-length"
