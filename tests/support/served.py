"""A hub as its users meet it: real processes, started and stopped by the klods command."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from support.waiting import until

LOAD = Path(__file__).with_name("load.py")
START_SECONDS = 60


@dataclass
class Hub:
    """A hub in a folder of its own; ``address`` is set while it is served."""

    folder: Path
    database_url: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    address: str = ""
    token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        mine = {"KLODS_HOME": str(self.folder / "home"), "KLODS_MODULES_DIR": str(self.folder / "modules")}
        return kept | mine | ({"DATABASE_URL": self.database_url} if self.database_url else {}) | self.extra

    @property
    def modules(self) -> Path:
        return self.folder / "modules"

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "klods", *command],
            check=False, env=self.environment, cwd=self.folder, capture_output=True, text=True,
        )  # fmt: skip

    def klods(self, *command: str) -> Any:
        """What the command prints as JSON; it must succeed."""
        done = self.run(*command, "--json")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    @contextmanager
    def served(self, *options: str, command: str = "serve"):
        """Serve meanwhile; what the server printed last stands in `output`."""
        with (self.folder / "server.log").open("w+") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "klods", command, "--port", "0", *options],
                env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1,
                start_new_session=True,
            )  # fmt: skip
            try:
                self.address = self._address(process)
                self.token = self.token or self.klods("token", "create", "--name", "tests")["token"]
                self.wait_until_ready()
                self._wait_until_all_follow(options)
                yield process
            finally:
                end(process)
                process.stdout.close()

    def _address(self, process: "subprocess.Popen[str]") -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if select.select([process.stdout], [], [], 0.2)[0]:
                line = process.stdout.readline()
                if found := re.search(r"is at (http://\S+)", line):
                    return found[1]
                assert line or process.poll() is None, (self.folder / "server.log").read_text()
        raise AssertionError("the server did not say where it is")

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.get("/health/ready")[0] != 200:
            assert time.monotonic() < deadline, (self.folder / "server.log").read_text()
            time.sleep(0.02)

    def _wait_until_all_follow(self, options: Sequence[str]) -> None:
        """One process that is ready answers for all of them, and others may still be starting."""
        count = int(options[options.index("--workers") + 1]) if "--workers" in options else 1
        if count > 1 and self.database_url:
            with psycopg.connect(self.database_url, autocommit=True) as connection:
                until(lambda: connection.execute("select from klods.process where role = 'web'").rowcount >= count)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """The status and the body of an answer, read as JSON where it is JSON."""
        data = None if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        given |= {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(self.address + path, data, given | headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, _read(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error)

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return self.ask("POST", path, body, **headers)

    @contextmanager
    def load(self, path: str, rate: float = 150):
        """A constant load on a path meanwhile; the yielded dictionary is filled with what was counted."""
        command = [sys.executable, str(LOAD), self.address + path, "--rate", str(rate), "--seconds", "600"]
        command += ["--header", f"Authorization: Bearer {self.token}"]
        counted: dict[str, Any] = {}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
            yield counted
            counted.update(json.loads(caller.communicate()[0]))


def _read(response: Any) -> Any:
    body = response.read()
    is_json = body and "json" in response.headers.get("content-type", "")
    return json.loads(body) if is_json else body.decode("utf-8", "replace")


def end(process: "subprocess.Popen[str]") -> None:
    """Stop a server in good order, or by force when it will not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise AssertionError("the server did not stop when it was told to") from None


def children(pid: int) -> list[int]:
    """The processes that a process has started, except helpers of Python's own."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed if b"spawn_main" in command_of(child)]


def command_of(pid: str) -> bytes:
    """The command line of a process; empty for one that has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
