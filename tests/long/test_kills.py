"""SIGKILL at every step and at any moment: the next start works, and what is there is whole or not there at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import class_row
from support.attendant import attendant
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
MORE = "alter table victim_things add column size integer;"
FACTS = """
    select (select count(*) from pg_class where relnamespace = 'public'::regnamespace
               and relname like 'victim%' and relkind in ('r', 'i', 'S'))::int as tables,
           (select count(*) from pg_namespace where nspname like 'klods\\_archive\\_%')::int as schemas,
           (select count(*) from klods.archive)::int as archives,
           (select count(distinct relnamespace) from pg_class join pg_namespace n on n.oid = relnamespace
             where n.nspname like 'klods\\_archive\\_%' and relname = 'victim_things')::int as full_archives,
           (select state from klods.installation where code = 'victim') as installed,
           (select state from klods.activation where code = 'victim') as active,
           to_regclass('klods.victim_alembic_version') is not null as versioned"""


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

    def conninfo(self) -> str:
        """Where its database is: the one it was given, or the embedded one while a command holds that."""
        assert self.database_url is not None
        return self.database_url

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
    """Makes a hub on a fresh database of the shared server, so that each kill starts from the same state."""

    @contextmanager
    def make(like: MortalHub | None = None) -> Iterator[MortalHub]:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        template = host_template
        if like is not None:
            shutil.copytree(like.folder, folder, dirs_exist_ok=True)
            template = conninfo_to_dict(like.conninfo())["dbname"]
        with copied(postgres_server, template) as conninfo:
            yield MortalHub(folder, conninfo)
        shutil.rmtree(folder)

    return make


@dataclass(frozen=True)
class Facts:
    """What the catalogue says of the victim."""

    tables: int
    schemas: int
    archives: int
    full_archives: int
    installed: str | None
    active: str | None
    versioned: bool

    @property
    def enabled(self) -> bool:
        return self.active == "enabled"


def facts(hub: MortalHub) -> Facts:
    with psycopg.connect(hub.conninfo()) as connection, connection.cursor(row_factory=class_row(Facts)) as cursor:
        return cursor.execute(FACTS).fetchone()


def assert_whole_or_nothing(hub: MortalHub) -> None:
    """State, history and catalogue say the same: all of the module is there, set aside, or none of it."""
    found = facts(hub)
    assert (found.tables > 0) == found.versioned, found
    assert found.schemas == found.archives == found.full_archives, found
    assert found.active in (None, "enabled", "disabled"), found
    if found.enabled:
        assert found.tables > 0, found
        assert found.installed == "installed", found
    if found.archives:
        assert (found.tables, found.installed) == (0, "absent"), found


ON, OFF = ("module", "enable", "victim"), ("module", "disable", "victim")
TAKE_OUT = ("module", "uninstall", "victim", "--yes")
ASIDE = (*TAKE_OUT, "--archive")
BACK = ("module", "restore", "victim", "--yes")
DELETE = (*TAKE_OUT, "--drop", "--confirm", "victim")


@dataclass(frozen=True)
class Doing:
    """A command that is killed: what happens before it, and how the module stands once it is done."""

    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    enabled: bool = False
    there: bool = True
    archived: bool = False
    grows: bool = False


DOINGS = {
    "enable": Doing(ON, enabled=True),
    "migrate": Doing(("module", "migrate", "victim")),
    "disable": Doing(OFF, (ON,)),
    "upgrade": Doing(ON, (ON,), enabled=True, grows=True),
    "uninstall": Doing(TAKE_OUT, (ON, OFF)),
    "archive": Doing(ASIDE, (ON, OFF), there=False, archived=True),
    "drop": Doing(DELETE, (ON, OFF), there=False),
    "restore": Doing(BACK, (ON, OFF, ASIDE)),
}


def is_done(hub: MortalHub, doing: Doing) -> bool:
    """Whether the command had its effect before it died."""
    found = facts(hub)
    return doing.command == BACK and found.tables > 0


def points_of(new_hub, prepared: MortalHub, action: str) -> list[str]:
    """Where the action can die; every command opens the hub in the same steps, and once is enough to die in them."""
    with new_hub(prepared) as hub:
        points = hub.points(*DOINGS[action].command, "--json")
    if action == "enable":
        return points
    with new_hub(prepared) as hub:
        opening = set(hub.points("module", "archives", "--json"))
    return [point for point in points if point not in opening]


@pytest.mark.parametrize("action", DOINGS if os.environ.get("KLODS_LONG") else ("enable", "upgrade", "restore"))
def test_a_kill_at_any_step_leaves_all_or_nothing_and_the_next_try_works(new_hub, action):
    doing = DOINGS[action]
    with new_hub() as prepared:
        with_victim(prepared)
        for step in doing.before:
            prepared.klods(*step)
        if doing.grows:
            (prepared.folder / "modules/victim/migrations/002_more.sql").write_text(MORE)
        for point in some(points_of(new_hub, prepared, action), few=1, name=f"kill-{action}"):
            with new_hub(prepared) as hub:
                assert_survives(hub, doing, point)


def assert_survives(hub: MortalHub, doing: Doing, point: str) -> None:
    """The command dies at the point, and afterwards the module is whole and the command can be given again."""
    died = hub.mortal("--die", point, command=(*doing.command, "--json"))
    assert died.returncode == -signal.SIGKILL, (point, died.stderr)
    hub.state()  # the next start, which mends what was half switched
    assert_whole_or_nothing(hub)
    if not is_done(hub, doing):
        hub.klods(*doing.command)
    assert_whole_or_nothing(hub)
    found = facts(hub)
    assert found.enabled is doing.enabled, point
    assert (found.tables > 0, found.archives) == (doing.there, int(doing.archived)), (point, found)


def test_a_kill_at_any_step_of_create_leaves_a_whole_module_or_none(new_hub):
    command = ("module", "create", "victim", "It is killed", "--json")
    with new_hub() as whole:
        points = whole.points(*command)
        files = {path.relative_to(whole.folder) for path in (whole.folder / "modules").rglob("*")}
    for point in some(points, few=1, name="kill-create"):
        with new_hub() as hub:
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


@dataclass
class Patience:
    """How long a command is left alone before it is killed; learnt from those that were done before."""

    random: Random
    seconds: float = 1.5

    def kill(self, child: "subprocess.Popen[bytes]") -> bool:
        """Kill it at some moment of its life; False when it had ended by then."""
        try:
            child.wait(self.random.random() * self.seconds)
        except subprocess.TimeoutExpired:
            child.kill()
        missed = child.wait() != -signal.SIGKILL
        self.seconds *= 0.8 if missed else 1.1
        return not missed


def test_kills_at_random_times_on_an_embedded_server_leave_no_half_state_and_no_server(tmp_path):
    tmp_path.chmod(0o755)
    hub = with_victim(MortalHub(tmp_path))
    random = dice("kill-at-random-times")
    switches = [ON, OFF, ("module", "migrate", "victim"), TAKE_OUT, ASIDE, BACK]
    hub.klods("module", "create", "reference", "Made in peace")
    whole = files_of(hub, "reference")
    hub.klods("module", "enable", "victim")
    killed, patience = 0, Patience(random)
    for number in count():
        if killed == rounds(1, 500):
            break
        command = random.choice([*switches, ("module", "create", f"extra{number}", "May be killed")])
        child = subprocess.Popen(
            [sys.executable, "-m", "klods", *command],
            env=hub.environment, cwd=hub.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if not patience.kill(child):
            continue
        killed += 1
        with attendant(hub.folder, hub.environment) as next_start:
            state = next_start.klods("module", "status", "victim")
            assert state["active"] in ("enabled", "disabled"), (number, command, state)
            assert files_of(hub, f"extra{number}") in (set(), whole), number
            if next_start.klods("module", "archives", "victim"):
                next_start.klods(*BACK)
            next_start.klods(*ON)
            assert next_start.klods("module", "status", "victim")["enabled"], number
            if random.random() < 0.5:
                next_start.klods(*OFF)
        until(lambda: not servers_in(tmp_path))
