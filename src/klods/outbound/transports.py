"""The way of requests to other servers: each is looked at before it leaves, every hop of a redirect too."""

import ssl
import threading
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import httpx2

from klods.db.scope import Scope, open_scope
from klods.errors import BlockingCall, HeldMeanwhile, NotSent, ReadOnlyModule
from klods.kernel.changes import Outgoing
from klods.kernel.outgoing import only_reads, shown_url

StandIn: TypeAlias = httpx2.Response | Callable[[httpx2.Request], httpx2.Response]
"""The answer of a dry run to a request that is not sent."""


class Network(httpx2.HTTPTransport):
    """The real network; tests of modules put something else into its place."""

    def __init__(self, proxy: str | None = None) -> None:
        super().__init__(verify=_trusted(), trust_env=False, proxy=proxy)


class AsyncNetwork(httpx2.AsyncHTTPTransport):
    """The same for native modules."""

    def __init__(self, proxy: str | None = None) -> None:
        super().__init__(verify=_trusted(), trust_env=False, proxy=proxy)


class GuardedTransport(httpx2.BaseTransport):
    """Sends what the safety switches of the running module let out."""

    def __init__(self, proxy: str | None = None, when_dry: StandIn | None = None) -> None:
        self._network = Network(proxy)
        self._when_dry = when_dry

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the other server, or what stands in for it in a dry run; raises `NotSent`."""
        scope = open_scope()
        if scope.host_thread == threading.get_ident():
            raise BlockingCall
        if goes_out(scope, request):
            return self._network.handle_request(request)
        return answer_dry(scope, request, self._when_dry)

    def close(self) -> None:
        """Close the connections."""
        self._network.close()


class AsyncGuardedTransport(httpx2.AsyncBaseTransport):
    """The same for native modules."""

    def __init__(self, proxy: str | None = None, when_dry: StandIn | None = None) -> None:
        self._network = AsyncNetwork(proxy)
        self._when_dry = when_dry

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the other server, or what stands in for it in a dry run; raises `NotSent`."""
        scope = open_scope()
        if goes_out(scope, request):
            return await self._network.handle_async_request(request)
        return answer_dry(scope, request, self._when_dry)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._network.aclose()


def goes_out(scope: Scope, request: httpx2.Request) -> bool:
    """Whether a request may leave; raise `ReadOnlyModule` when nothing may be changed, not even for a try."""
    if request.url.scheme not in ("http", "https"):
        raise httpx2.UnsupportedProtocol(f"Only http:// and https:// are sent, not {request.url.scheme}://.")
    if only_reads(request.method, request.headers, request.extensions):
        return True
    if not (scope.dry or scope.read_only):
        return _still_live(scope)
    if scope.read_only:
        raise ReadOnlyModule(module=scope.held_by or scope.module)
    return False


def _still_live(scope: Scope) -> bool:
    """What began live may go on after its module was put on hold, and must not do so outside."""
    if not scope.switches(scope.module, scope.platform_id).live:
        raise HeldMeanwhile(module=scope.module)
    return True


def answer_dry(scope: Scope, request: httpx2.Request, when_dry: StandIn | None) -> httpx2.Response:
    """Note a request that a dry run keeps from going out, and answer it in the place of the other server."""
    url = shown_url(str(request.url))
    scope.refuse(Outgoing("http", request.method, url, _size(request)))
    if when_dry is None:
        raise NotSent(method=request.method, url=url, module=scope.module)
    return copied(when_dry if isinstance(when_dry, httpx2.Response) else when_dry(request))


def _size(request: httpx2.Request) -> int | None:
    if (told := request.headers.get("content-length", "")).isdecimal():
        return int(told)
    return None if "transfer-encoding" in request.headers else 0


def copied(answer: httpx2.Response) -> httpx2.Response:
    """A response that has not been used yet, because one stand-in may answer many requests."""
    content = answer.read()
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _ABOUT_THE_BODY]
    return httpx2.Response(answer.status_code, headers=headers, content=content)


_ABOUT_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


@cache
def _trusted() -> ssl.SSLContext:
    """Whom TLS trusts; made once, because reading all certificates takes longer than most requests."""
    return httpx2.create_ssl_context()
