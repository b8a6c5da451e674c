"""Names of files as other systems can bear them, in the header that offers a file for keeping."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

LONGEST_NAME = 120
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""What Windows takes for devices, whatever the ending."""

_UNSAFE = re.compile(r'[\\/:*?"<>|]')


def safe_name(name: str, otherwise: str = "file") -> str:
    """A file name without folders, control characters and what some system cannot store."""
    base = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    visible = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    cleaned = _UNSAFE.sub("_", visible).strip(" .")
    if PurePosixPath(cleaned).stem.lower() in RESERVED:
        cleaned = f"_{cleaned}"
    ending = PurePosixPath(cleaned).suffix[:20]
    return cleaned.removesuffix(ending)[: LONGEST_NAME - len(ending)] + ending if cleaned else otherwise


def disposition(name: str, *, inline: bool = False) -> str:
    """The header ``Content-Disposition`` for a name, which old programs see in plain letters."""
    safe = safe_name(name)
    plain = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode()
    plain = re.sub(r'["\\%]', "_", plain).strip(" .") or "file"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
