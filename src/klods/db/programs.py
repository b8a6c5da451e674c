"""PostgreSQL's own programs, told where the database is without showing a password."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from klods.db.embedded.binaries import find_binaries
from klods.db.server import server_major
from klods.errors import NoDatabase, ServerFailed


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a program: the words of its command line, and its environment."""

    words: tuple[str, ...]
    environment: dict[str, str]

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to its end and collect what it says."""
        return subprocess.run(
            self.words, check=False, capture_output=True, stdin=subprocess.DEVNULL, text=True, errors="replace",
            env=self.environment,
        )  # fmt: skip


def call(program: str, conninfo: str, *arguments: str) -> Call:
    """A run of ``psql``, ``pg_dump`` or ``pg_restore`` on this database."""
    parameters = conninfo_to_dict(conninfo)
    environment = dict(os.environ)
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    return Call(
        (find_program(program, conninfo), f"--dbname={make_conninfo('', **parameters)}", *arguments), environment
    )


def find_program(program: str, conninfo: str) -> str:
    """The path of a program that is not older than this database's server."""
    wanted = server_major(conninfo)
    # Close to the server's version is best, but the wheel's programs cannot speak TLS to a server elsewhere.
    local = str(conninfo_to_dict(conninfo).get("host", "")).startswith("/")
    found = list(_installed(program))
    for path, major in sorted(found, key=itemgetter(1)) if local else reversed(found):
        if major >= wanted:
            return path
    raise NoDatabase(reason=f"the server is PostgreSQL {wanted}, and no {program} of that version is installed here")


def _installed(program: str) -> Iterator[tuple[str, int]]:
    try:
        wheel = find_binaries()
        yield wheel.program(program), wheel.major
    except ServerFailed:
        pass
    if path := shutil.which(program):
        answer = subprocess.run([path, "--version"], check=False, capture_output=True, text=True)
        if number := re.search(r"\d+", answer.stdout):
            yield path, int(number.group())
