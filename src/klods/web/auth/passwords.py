"""Passwords: hashed with argon2id, a few at a time, and never on the event loop."""

from functools import cached_property

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from klods.errors import InvalidPassword, TooManyTries

SHORTEST = 8
LONGEST = 1000
AT_ONCE = 2
"""One hash takes 64 MB and a tenth of a second of a core."""

WAITING = 32
"""More callers than this are sent away instead of queued."""


def hash_password(password: str) -> str:
    """The argon2id hash of a new password; raise `InvalidPassword` when it is too short or too long."""
    if len(password) < SHORTEST:
        raise InvalidPassword(reason=f"it has fewer than {SHORTEST} characters")
    if len(password) > LONGEST:
        raise InvalidPassword(reason=f"it has more than {LONGEST} characters")
    return PasswordHasher().hash(_text(password))


class Passwords:
    """Hashing and checking for the event loop, limited so that tries cannot take the machine."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._callers = 0

    async def hash(self, password: str) -> str:
        """`hash_password`, in a thread."""
        return await to_thread.run_sync(hash_password, password, limiter=self._limiter)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right; without a hash it takes as long and says no."""
        if self._callers >= WAITING:
            raise TooManyTries(seconds=5)
        self._callers += 1
        try:
            return await to_thread.run_sync(self._verify, password_hash, password, limiter=self._limiter)
        finally:
            self._callers -= 1

    def _verify(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobodys, _text(password[: LONGEST + 1]))
        except (Argon2Error, InvalidHashError):
            return False
        return password_hash is not None

    @cached_property
    def _limiter(self) -> CapacityLimiter:
        return CapacityLimiter(AT_ONCE)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")


def _text(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
