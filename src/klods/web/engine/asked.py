"""What a request says about itself: whether it may change anything, and whether it is meant to be a dry run."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from klods.kernel.switches import asked_for

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADER = b"x-klods-dry-run"


def is_unsafe(asgi: Mapping[str, Any]) -> bool:
    """Whether the method is one that changes things; a socket decides that for each of its scopes."""
    return asgi["type"] == "http" and asgi["method"] not in SAFE


def asked_in(asgi: Mapping[str, Any]) -> bool | None:
    """Whether the request asks to be dry, or not to be; None when it says nothing. Raises `UnclearDryRun`."""
    query = asgi.get("query_string", b"")
    words = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("dry_run", ()) if b"dry_run" in query else ()
    headers = [value for name, value in asgi["headers"] if name == HEADER]
    return asked_for(words, [value.decode("latin-1") for value in headers]) if words or headers else None
