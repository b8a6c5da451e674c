"""SIGKILL at every step and at any moment: the next start works, and what is there is whole or not there at all."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from support.rounds import dice, rounds, some
from support.served import Hub
from support.waiting import until

from klods.testing.databases import copied

MORTAL = Path(__file__).parents[1] / "support" / "mortal.py"
MIGRATION = """
create table victim_things (id integer generated always as identity primary key, name text not null);
create index victim_things_name on victim_things (name);
insert into victim_things (name) values ('first');
"""
TABLES = "select count(*) from pg_class where relname like 'victim%' and relkind in ('r', 'i', 'S')"
HISTORY = "select count(*) from klods.module_migration where module = 'victim'"


class MortalHub(Hub):
    """A hub whose commands can be made to die."""

    def mortal(self, *options: str, command: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        arguments = [sys.executable, str(MORTAL), "--under", str(self.folder), *options, "--", *command]
        return subprocess.run(
            arguments, check=False, env=self.environment, cwd=self.folder, capture_output=True, text=True
        )

    def points(self, *command: str) -> list[str]:
        passed = self.folder / "points.json"
        done = self.mortal("--list", str(passed), command=command)
        assert done.returncode == 0, done.stderr
        return json.loads(passed.read_text())

    def state(self) -> dict:
        return self.klods("module", "status", "victim")


def with_victim(hub: MortalHub) -> MortalHub:
    (hub.folder / "modules").mkdir()
    hub.klods("module", "create", "victim", "It is killed")
    for old in (hub.folder / "modules/victim/migrations").iterdir():
        old.unlink()
    (hub.folder / "modules/victim/migrations/001_init.sql").write_text(MIGRATION)
    return hub


@pytest.fixture
def new_hub(tmp_path, postgres_server, host_template):
    """Hubs on fresh databases of the shared server, so that each kill starts from the same state."""
    with ExitStack() as stack:

        def make() -> MortalHub:
            folder = Path(tempfile.mkdtemp(dir=tmp_path))
            return MortalHub(folder, stack.enter_context(copied(postgres_server, host_template)))

        yield make


def facts(hub: MortalHub) -> tuple[int, int]:
    with psycopg.connect(hub.database_url) as connection:
        return connection.execute(TABLES).fetchone()[0], connection.execute(HISTORY).fetchone()[0]


def assert_whole_or_nothing(hub: MortalHub) -> None:
    """State, history and catalogue say the same: all of the module is there, or none of it."""
    state, (tables, history) = hub.state(), facts(hub)
    assert (tables == 0) == (history == 0), (state, tables, history)
    if state["enabled"]:
        assert tables > 0
        assert state["installed"] == "installed"
    assert state["active"] in ("enabled", "disabled"), state


PREPARED = {"enable": (), "migrate": (), "disable": (("module", "enable", "victim"),)}


@pytest.mark.parametrize("action", PREPARED)
def test_a_kill_at_any_step_leaves_all_or_nothing_and_the_next_try_works(new_hub, action):
    command = ("module", action, "victim", "--json")

    def prepared() -> MortalHub:
        hub = with_victim(new_hub())
        for step in PREPARED[action]:
            hub.klods(*step)
        return hub

    for point in some(prepared().points(*command), few=6, name=f"kill-{action}"):
        hub = prepared()
        died = hub.mortal("--die", point, command=command)
        assert died.returncode == -signal.SIGKILL, (point, died.stderr)
        assert_whole_or_nothing(hub)
        hub.klods(*command[:-1])
        assert hub.state()["enabled"] is (action == "enable"), point
        assert facts(hub)[0] > 0


def test_a_kill_at_any_step_of_create_leaves_a_whole_module_or_none(new_hub):
    command = ("module", "create", "victim", "It is killed", "--json")
    whole = new_hub()
    points = whole.points(*command)
    files = {path.relative_to(whole.folder) for path in (whole.folder / "modules").rglob("*")}
    for point in some(points, few=8, name="kill-create"):
        hub = new_hub()
        assert hub.mortal("--die", point, command=command).returncode == -signal.SIGKILL, point
        left = {path.relative_to(hub.folder) for path in (hub.folder / "modules/victim").rglob("*")}
        assert left in (set(), files - {Path("modules/victim")}), point
        if not left:
            hub.klods(*command[:-1])
        assert hub.state()["problems"] == []


def servers_in(folder: Path) -> list[str]:
    """The PostgreSQL processes whose data stands below the folder, with their command lines."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if "postgres" in line and str(folder) in line:
            found.append(line)
    return found


def files_of(hub: Hub, code: str) -> set[str]:
    """The paths inside a module, with the module's name taken out of them."""
    folder = hub.modules / code
    return {str(path.relative_to(folder)).replace(code, "…") for path in folder.rglob("*") if path.is_file()}


def test_kills_at_random_times_on_an_embedded_server_leave_no_half_state_and_no_server(tmp_path):
    tmp_path.chmod(0o755)
    hub = with_victim(MortalHub(tmp_path))
    random = dice("kill-at-random-times")
    switches = [("module", action, "victim") for action in ("enable", "disable", "migrate")]
    hub.klods("module", "create", "reference", "Made in peace")
    whole = files_of(hub, "reference")
    started = time.monotonic()
    hub.klods("module", "enable", "victim")
    usual = time.monotonic() - started
    for number in range(rounds(6, 200)):
        command = random.choice([*switches, ("module", "create", f"extra{number}", "May be killed")])
        child = subprocess.Popen(
            [sys.executable, "-m", "klods", *command],
            env=hub.environment, cwd=hub.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(random.random() * usual)
        child.kill()
        child.wait()
        state = hub.state()
        assert state["active"] in ("enabled", "disabled"), (number, command, state)
        assert files_of(hub, f"extra{number}") in (set(), whole), number
        hub.klods("module", "enable", "victim")
        assert hub.state()["enabled"], number
        until(lambda: not servers_in(tmp_path))
