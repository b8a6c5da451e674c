"""What a module talks to the outside with: libraries that no safety switch can hold back."""

from collections.abc import Iterator

from klods.kernel.catalog import Catalog, Module
from klods.kernel.problems import Problem
from klods.kernel.rules.imports import imports
from klods.kernel.rules.python_files import PythonFile, python_files

HTTP = "klods.http"
MAIL = "klods.mail"
UNHELD = {
    "aiohttp": HTTP, "http.client": HTTP, "httpx": HTTP, "requests": HTTP, "urllib.request": HTTP, "urllib3": HTTP,
    "aiosmtplib": MAIL, "smtplib": MAIL,
}  # fmt: skip
"""Libraries that send at once, whatever the switches say, and what to take instead."""


def outside_problems(catalog: Catalog, module: Module) -> Iterator[Problem]:  # noqa: ARG001
    """Imports of libraries that reach other servers past READ_ONLY and DRY_RUN; tests may import what they like."""
    tests = module.source.folder / "tests"
    for file in python_files(module.source):
        if isinstance(file, PythonFile) and not file.path.is_relative_to(tests):
            yield from _of_file(module, file)


def _of_file(module: Module, file: PythonFile) -> Iterator[Problem]:
    seen: set[str] = set()
    for found in imports(file):
        library = next((name for name in UNHELD if f"{found.target}.".startswith(f"{name}.")), "")
        if library and library not in seen:
            seen.add(library)
            message = f"imports {library}, which READ_ONLY and DRY_RUN cannot hold back"
            hint = f"Take {UNHELD[library]}: it records and refuses what a dry run must not send."
            yield Problem(module.code, "outside", message, str(file.path), found.line, hint, warning=True)
