"""Whether an unsafe request was made by our own pages; pure, on what browsers say themselves."""

from urllib.parse import urlsplit

from klods.web.auth.credentials import Scope, bearer, header, session_secret

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_cross_site(scope: Scope) -> bool:
    """Whether the request must be refused because another site may have made it.

    A bearer token is never sent by a browser on its own, so such requests pass. A request with a session must say
    that it comes from here; one without may say nothing, as programs do, unless it signs somebody in.
    """
    if scope["type"] == "http" and scope["method"] in SAFE:
        return False
    if bearer(scope) is not None:
        return False
    said = _said(scope)
    if session_secret(scope):
        return said is not True
    return said is False and scope["path"].startswith("/auth/")


def _said(scope: Scope) -> bool | None:
    """True: from here. False: from elsewhere. None: the client says nothing."""
    site = header(scope, b"sec-fetch-site")
    if site in {"same-origin", "none"}:
        return True
    if origin := header(scope, b"origin"):
        return _netloc(origin) == header(scope, b"host").lower() != ""
    return False if site else None


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def stays_here(path: str) -> bool:
    """Whether a browser would stay on this site with it; it takes a backslash for a slash, and does not see a tab."""
    return path.startswith("/") and path[1:2] not in ("/", "\\") and not any(char < " " for char in path)


def local_path(path: str, default: str = "/") -> str:
    """The path if a browser would stay on this site with it, else the default."""
    plain = path.isascii() and path.isprintable() and "\\" not in path and " " not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else default
