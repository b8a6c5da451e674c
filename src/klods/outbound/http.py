"""HTTP to other servers: `klods.http`.

It works as httpx2 does, and obeys the safety switches of the running module. In a dry run and while the module is
READ_ONLY only what reads goes out: GET, HEAD, OPTIONS, and what is sent with ``extensions=http.READS``. The rest raises
`ReadOnlyModule`, or in a dry run `NotSent`, unless ``when_dry`` gives the answer that the other server would have given.

A request inside a unit that has spoken to the database keeps its connection waiting for the other server.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from klods.kernel import outgoing

if TYPE_CHECKING:
    import httpx2

    from klods.outbound.transports import StandIn

TIMEOUT_SECONDS = 10.0

READS: Mapping[str, Any] = MappingProxyType({outgoing.READS: True})
"""For requests that change nothing although their method is POST: ``http.post(url, json=query, extensions=http.READS)``."""


def client(
    *,
    when_dry: "StandIn | None" = None,
    proxy: str | None = None,
    timeout: "httpx2.Timeout | float | None" = TIMEOUT_SECONDS,
    **options: Any,
) -> "httpx2.Client":
    """A client for many requests, which may live as long as the module: connections are kept, threads may share it.

    ``when_dry`` is an `httpx2.Response`, or makes one of the request. The options are those of `httpx2.Client`:
    base_url, headers, params, cookies, auth, follow_redirects. A proxy is used only when it is named here.
    """
    import httpx2

    from klods.outbound.transports import GuardedTransport

    _refuse_ways_round(options)
    return httpx2.Client(transport=GuardedTransport(proxy, when_dry), timeout=timeout, trust_env=False, **options)


def async_client(
    *,
    when_dry: "StandIn | None" = None,
    proxy: str | None = None,
    timeout: "httpx2.Timeout | float | None" = TIMEOUT_SECONDS,
    **options: Any,
) -> "httpx2.AsyncClient":
    """The same for native modules, whose handlers run on the server's own event loop."""
    import httpx2

    from klods.outbound.transports import AsyncGuardedTransport

    _refuse_ways_round(options)
    return httpx2.AsyncClient(
        transport=AsyncGuardedTransport(proxy, when_dry), timeout=timeout, trust_env=False, **options
    )


def request(method: str, url: str, *, when_dry: "StandIn | None" = None, **options: Any) -> "httpx2.Response":
    """Send one request and read its answer; the options are those of `httpx2.request`, and ``extensions``."""
    for_client = {
        name: options.pop(name) for name in ("timeout", "follow_redirects", "proxy", "cookies") if name in options
    }
    with client(when_dry=when_dry, **for_client) as one:
        return one.request(method, url, **options)


def get(url: str, **options: Any) -> "httpx2.Response":
    """Send a GET request."""
    return request("GET", url, **options)


def head(url: str, **options: Any) -> "httpx2.Response":
    """Send a HEAD request."""
    return request("HEAD", url, **options)


def post(url: str, **options: Any) -> "httpx2.Response":
    """Send a POST request."""
    return request("POST", url, **options)


def put(url: str, **options: Any) -> "httpx2.Response":
    """Send a PUT request."""
    return request("PUT", url, **options)


def patch(url: str, **options: Any) -> "httpx2.Response":
    """Send a PATCH request."""
    return request("PATCH", url, **options)


def delete(url: str, **options: Any) -> "httpx2.Response":
    """Send a DELETE request."""
    return request("DELETE", url, **options)


def _refuse_ways_round(options: Mapping[str, Any]) -> None:
    """What would replace the transport would go round the switches; certificates are those that the machine trusts."""
    if wrong := sorted({"transport", "mounts", "app", "verify", "cert", "trust_env"} & options.keys()):
        message = f"klods.http has no option {wrong[0]}"
        raise TypeError(message)
