"""The keys that secrets are encrypted with: from the environment, or from a file beside the data that no backup holds."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from klods.errors import CannotWrite, InvalidSettings, UnreadableSecret

VARIABLE = "KLODS_SECRET_KEY"
ANOTHER_KEY = "None of the present keys fits."


class Keyring:
    """Several keys, the first of which encrypts; a file is made when something is to be encrypted and there is none."""

    def __init__(self, given: str | None, file: Path) -> None:
        self._given = given
        self._file = file
        self._keys: tuple[Fernet, ...] = ()

    def seal(self, place: str, text: str) -> str:
        """The text, encrypted with the first key, and worth nothing in any other place."""
        return self._ready(make=True)[0].encrypt(json.dumps([place, text]).encode()).decode()

    def open(self, place: str, sealed: str) -> str:
        """The text again; raise `UnreadableSecret`."""
        found = self._opened(self._keys or self._ready(), sealed)
        if found is None:
            # The keys in the file may have been changed while this process ran.
            found = self._opened(self._ready(), sealed)
        if found is None:
            reason = ANOTHER_KEY if self._keys else f"There is neither {VARIABLE} nor {self._file}."
            raise UnreadableSecret(what=place, reason=reason)
        stands, text = found
        if stands != place:
            raise UnreadableSecret(what=place, reason=f"What stands there was encrypted for {stands}.")
        return text

    def is_current(self, sealed: str) -> bool:
        """Whether it was encrypted with the first key."""
        return self._opened(self._ready()[:1], sealed) is not None

    def add(self) -> None:
        """Put a new key before those in the file; raise `InvalidSettings` when the environment has them."""
        if self._given:
            raise InvalidSettings(reason=f"{VARIABLE} holds the keys: put the new one before them there, with a comma")
        with _alone(self._file.parent):
            before = self._read()
            _write(self._file, "\n".join([Fernet.generate_key().decode(), *before]) + "\n")
        self._ready()

    def _opened(self, keys: Sequence[Fernet], sealed: str) -> tuple[str, str] | None:
        for key in keys:
            with suppress(InvalidToken):
                place, text = json.loads(key.decrypt(sealed.encode()))
                return place, text
        return None

    def _ready(self, *, make: bool = False) -> tuple[Fernet, ...]:
        """The keys as they are now."""
        names = self._given.split(",") if self._given else self._read()
        if not names and make:
            with _alone(self._file.parent):
                _make(self._file)
            names = self._read()
        self._keys = tuple(self._key(name.strip()) for name in names if name.strip())
        return self._keys

    def _read(self) -> list[str]:
        try:
            return self._file.read_text("ascii").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(reason=f"{self._file} cannot be read: {type(error).__name__}") from None

    def _key(self, text: str) -> Fernet:
        try:
            return Fernet(text)
        except ValueError:
            place = VARIABLE if self._given else self._file
            reason = f"{place} holds something that is no key: each is 32 bytes as 44 characters of URL-safe base64"
            raise InvalidSettings(reason=reason) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: of two who write keys the second must see those of the first, or what they encrypted is lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CannotWrite(path=str(folder), reason=error.strerror) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(file: Path) -> None:
    """Make a key of its own for this hub; of two processes that do so at once one wins, and both use that key."""
    draft = _draft(file, Fernet.generate_key().decode() + "\n")
    try:
        with suppress(FileExistsError):
            os.link(draft, file)
    except OSError as error:
        raise CannotWrite(path=str(file), reason=error.strerror) from None
    finally:
        draft.unlink()


def _write(file: Path, text: str) -> None:
    _draft(file, text).replace(file)


def _draft(file: Path, text: str) -> Path:
    """A file that only its owner can read, whole on the disk, beside the one it is for."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise CannotWrite(path=str(file), reason=error.strerror) from None
    return draft
