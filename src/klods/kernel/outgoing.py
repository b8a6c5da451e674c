"""What is known about a request to another server before it is sent: whether it only reads, and what to call it."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing by what HTTP says about them."""

READS = "klods.reads"
"""The extension of a request that marks it as reading, whatever its method says."""

_MASK = "***"


_MEANS_MORE = ("upgrade", "x-http-method", "x-http-method-override", "x-method-override")
"""Headers that let a reading method do something else."""


def only_reads(method: str, headers: Mapping[str, str], marks: Mapping[str, object]) -> bool:
    """Whether a request changes nothing at the other end; one that asks for a socket may send anything afterwards."""
    if marks.get(READS) is True:
        return True
    return method.upper() in READING and not any(name in headers for name in _MEANS_MORE)


def shown_url(url: str) -> str:
    """The address without what may be secret: no account, no fragment, and of the query only the names."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    names = [f"{name}={_MASK}" for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    query = f"?{'&'.join(names)}" if names else ""
    return f"{parts.scheme}://{place}{parts.path}{query}"
