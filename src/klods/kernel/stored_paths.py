"""What the path of a stored file looks like."""

import unicodedata

from klods.errors import InvalidPath

LONGEST = 200


def checked_path(path: str) -> str:
    """The path as it is; raise `InvalidPath` for one that is absolute, climbs up, is empty in places or cannot be typed."""
    if reason := _fault(path):
        raise InvalidPath(path=path[:LONGEST], reason=reason)
    return path


def checked_prefix(prefix: str) -> str:
    """The beginning of a path, or nothing at all; raise `InvalidPath`."""
    whole = prefix.rstrip("/")
    return prefix if not prefix or (whole and checked_path(whole)) else checked_path(prefix)


def _fault(path: str) -> str:
    if not path:
        return "it is empty"
    if len(path) > LONGEST:
        return f"it has more than {LONGEST} characters"
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in path):
        return "it contains a control character"
    if path.startswith("/"):
        return "it is absolute"
    if "\\" in path:
        return "it contains a backslash"
    steps = path.split("/")
    if "" in steps:
        return "a part between two slashes is empty"
    return "it climbs up or stays in place with dots" if {".", ".."} & set(steps) else ""
