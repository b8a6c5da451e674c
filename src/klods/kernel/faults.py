"""Where in a module's own files something went wrong, for people who must mend it."""

import traceback
from os.path import realpath
from pathlib import Path


def place(error: BaseException, folder: Path) -> tuple[str, int]:
    """The last line of the module's own code on the way to the error: file below the folder, and line; ("", 0) if none.

    A syntax error in the module's own file counts as that line, because the file itself never ran.
    """
    if isinstance(error, SyntaxError) and error.filename and (file := _inside(error.filename, folder)):
        return file, error.lineno or 1
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if file := _inside(frame.filename, folder):
            return file, frame.lineno or 1
    return "", 0


def where(error: BaseException, folder: Path, otherwise: str = "") -> str:
    """`place` as ``file:line``; the first line of another file when no own code is on the way."""
    file, line = place(error, folder)
    return f"{file}:{line}" if file else otherwise and f"{otherwise}:1"


def sentence(error: BaseException) -> str:
    """What happened, in one line: the kind of error and its message."""
    if isinstance(error, SystemExit):
        return f"the code ended the process (exit {error.code})"
    message = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _inside(filename: str, folder: Path) -> str:
    path, root = Path(realpath(filename)), Path(realpath(folder))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
