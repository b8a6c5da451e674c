"""Which system account the server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from klods.errors import ServerFailed


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the server; ``other`` when it is not the one this process runs as."""

    uid: int
    gid: int
    other: bool

    def options(self) -> dict[str, Any]:
        """Arguments for `subprocess` that run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}

    def own(self, path: Path) -> Path:
        """Give the file or folder to this account."""
        if self.other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        return path

    def can_enter(self, folder: Path) -> bool:
        """Ask the kernel whether this account reaches the folder, through all its parents."""
        if not self.other:
            return True
        enter = ["/bin/sh", "-c", 'cd -- "$0"', str(folder)]
        return not subprocess.run(enter, check=False, capture_output=True, cwd="/", **self.options()).returncode


def server_account(data: Path) -> Account:
    """Ourselves; for root the owner of the data, and `nobody` while there is none."""
    if os.geteuid():
        return Account(os.geteuid(), os.getegid(), other=False)
    if data.exists() and (owner := data.stat()).st_uid:
        return Account(owner.st_uid, owner.st_gid, other=True)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServerFailed(reason="PostgreSQL does not run as root, and there is no account named nobody") from None
    return Account(nobody.pw_uid, nobody.pw_gid, other=True)
