"""What a module may be called, and what follows from its code in Python, SQL, paths and the environment."""

import keyword
import re

from klods.errors import InvalidName

CODE = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*\Z")
LONGEST_CODE = 40

RESERVED_SEGMENTS = frozenset(["api", "admin", "vendor", "auth", "static", "docs", "health", "metrics", "klods"])
"""First path segments of the host; frozen, because module paths stand beside them."""

RESERVED_API = frozenset(
    [
        "modules",
        "platforms",
        "users",
        "vendors",
        "roles",
        "tokens",
        "features",
        "menus",
        "jobs",
        "events",
        "log",
        "dry-runs",
        "system",
        "me",
        "openapi.json",
    ]
)
"""Second segments under /api/v1 that belong to the host."""


def python_name(code: str) -> str:
    """The code as a Python, SQL and environment word: ``dev-tools`` becomes ``dev_tools``."""
    return code.replace("-", "_")


def package_name(code: str) -> str:
    """The import name of a built-in or folder module."""
    return f"klods.modules.{python_name(code)}"


_RESERVED = RESERVED_SEGMENTS | {python_name(word) for word in RESERVED_API}


def default_prefix(code: str) -> str:
    """The table prefix of a module that names none."""
    return f"{python_name(code)}_"


def environment_prefix(code: str) -> str:
    """How the module's settings begin in the environment."""
    return f"MODULES__{python_name(code).upper()}__"


NEW = "new"
"""In the place of a code, the address of the page that makes one more."""


def why_no_code(code: str) -> str | None:
    """The reason why ``code`` cannot be the code of anything, or None when it can."""
    if not code:
        return "it is empty"
    if len(code) > LONGEST_CODE:
        return f"it is longer than {LONGEST_CODE} characters"
    if not CODE.match(code):
        return "a code is lower-case letters and digits, begins with a letter, and is parted by single _ or -"
    if code == NEW:
        return "its page would have the address of the one that makes new ones"
    return None


def why_not(code: str) -> str | None:
    """The reason why ``code`` cannot be a module's code, or None when it can."""
    if reason := why_no_code(code):
        return reason
    if python_name(code) in _RESERVED:
        return "the host uses this word in its own addresses"
    if keyword.iskeyword(python_name(code)) or keyword.issoftkeyword(python_name(code)):
        return "it is a word of the Python language"
    return None


def check_code(code: str) -> str:
    """Return the code, or raise `InvalidName` with the reason."""
    if reason := why_not(code):
        raise InvalidName(name=code, reason=reason)
    return code
