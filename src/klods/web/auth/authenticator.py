"""From a request to its subject, with a short memory so that most requests cost no statement."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from klods.kernel.subject import Subject
from klods.web.auth.credentials import Scope, bearer, session_secret
from klods.web.auth.secrets import TOKEN_PREFIX, digest

REMEMBER_SECONDS = 3.0
REMEMBER_AT_MOST = 4096
LOOKUPS_AT_ONCE = 4


class Subjects(Protocol):
    """Where sessions are looked up, or tokens."""

    def subject(self, token_hash: bytes) -> Subject | None:
        """Who comes with this secret."""


Lookup = Callable[[bytes], Subject | None]


class Authenticator:
    """Finds out who is asking; used on one event loop.

    What was found is remembered for `REMEMBER_SECONDS`; unknown secrets are not remembered.
    """

    def __init__(
        self,
        sessions: Subjects,
        tokens: Subjects,
        *,
        seconds: float = REMEMBER_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._seconds = seconds
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Subject, float]] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Subject | None]] = {}
        self._limiter: CapacityLimiter | None = None

    async def subject(self, scope: Scope) -> Subject | None:
        """The subject of the request's bearer token or session, or None."""
        token, session = bearer(scope), session_secret(scope)
        if token is not None:
            return await self._find(token, self._tokens.subject) if token.startswith(TOKEN_PREFIX) else None
        # What looks like a token may be remembered as one, and must not pass as a session.
        if session and not session.startswith(TOKEN_PREFIX):
            return await self._find(session, self._sessions.subject)
        return None

    def forget(self) -> None:
        """Remember nobody: whoever asks next is looked up, also while a lookup is under way. Safe from any thread."""
        self._known = OrderedDict()
        self._asked = {}

    async def _find(self, secret: str, lookup: Lookup) -> Subject | None:
        key = digest(secret)
        if (entry := self._known.get(key)) and entry[1] > self._clock():
            return entry[0]
        if (task := self._asked.get(key)) is None:
            task = self._asked[key] = asyncio.create_task(self._look_up(key, lookup))
        return await asyncio.shield(task)

    async def _look_up(self, key: bytes, lookup: Lookup) -> Subject | None:
        known, asked = self._known, self._asked
        self._limiter = self._limiter or CapacityLimiter(LOOKUPS_AT_ONCE)
        try:
            subject = await to_thread.run_sync(lookup, key, limiter=self._limiter)
        finally:
            asked.pop(key, None)
        if subject is not None:
            # Written to the memory that was there when the question was put, so `forget` outruns it.
            known[key] = (subject, self._clock() + self._seconds)
            while len(known) > REMEMBER_AT_MOST:
                known.popitem(last=False)
        return subject
