"""Random secrets that people and programs carry, and the digests that are stored instead of them."""

import hashlib
import secrets

TOKEN_PREFIX = "klods_"  # noqa: S105


def new_secret(prefix: str = "") -> str:
    """A secret of 256 random bits that fits in a cookie, a header or an address."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """The SHA-256 of a secret; enough for random ones, and never used for passwords."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
