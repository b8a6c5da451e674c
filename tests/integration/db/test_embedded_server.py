"""The embedded server among its users: who starts it, who stops it, and what it is not taken for."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from support.waiting import until

from klods.db.embedded.access import Access
from klods.db.embedded.postmaster import find_postmaster
from klods.db.embedded.server import EmbeddedServer
from klods.db.embedded.warden import KEPT
from klods.db.server import open_server
from klods.errors import InUse, ServerFailed, WrongDataVersion, WrongServerVersion

USER = [sys.executable, str(Path(__file__).parents[2] / "support" / "server_user.py")]


def server_of(home: Path) -> EmbeddedServer:
    return EmbeddedServer(home / "postgres", fast=True)


def one(conninfo: str, statement: str):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def test_what_was_written_is_there_at_the_next_start(home):
    with open_server(home, None, fast=True) as conninfo:
        one(conninfo, "CREATE TABLE kept (word text)")
        one(conninfo, "INSERT INTO kept VALUES ('blåbærgrød')")
    with open_server(home, None, fast=True) as conninfo:
        assert one(conninfo, "SELECT word FROM kept") == "blåbærgrød"


def test_the_last_user_stops_the_server_and_no_earlier_one(home):
    first, second = server_of(home), server_of(home)
    first.join()
    conninfo = second.join()
    first.leave()
    assert one(conninfo, "SELECT 1") == 1
    second.leave()
    assert not second.status().running


def test_a_start_that_fails_leaves_no_server_and_no_user_behind(home, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Access, "ensure_login", interrupt)
    with pytest.raises(KeyboardInterrupt):
        server_of(home).join()
    assert not server_of(home).status().running
    assert not server_of(home).status().users


def test_two_processes_that_start_at_the_same_moment_share_one_server(home):
    users = [
        subprocess.Popen([*USER, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [user.stdout.readline() for user in users]
    status = server_of(home).status()
    assert len(set(said)) == 1
    assert set(status.users) == {user.pid for user in users} | ({0} & set(status.users))
    assert [user.communicate()[0] for user in users] == ["left\n"] * 3
    assert not server_of(home).status().running


def test_a_kept_server_runs_on_without_users_until_it_is_stopped(home):
    server = server_of(home)
    server.join()
    server.keep()
    server.leave()
    assert server.status().kept
    with open_server(home, None, fast=True) as conninfo:
        assert one(conninfo, "SELECT 1") == 1
    assert server.status().running
    assert server.stop()
    assert not server.status().running
    assert not server.stop()


def test_a_keep_from_before_a_crash_does_not_count_for_the_next_run(home):
    server = server_of(home)
    server.join()
    server.keep()
    server.leave()
    os.kill(server.status().pid, signal.SIGKILL)
    server.join()
    assert not server.status().kept
    server.leave()
    assert not server.status().running


def test_stopping_is_refused_while_somebody_uses_it_and_says_who(home):
    with open_server(home, None, fast=True) as conninfo:
        with pytest.raises(InUse, match=str(os.getpid()) if sys.platform == "linux" else "in use"):
            server_of(home).stop()
        assert one(conninfo, "SELECT 1") == 1


def test_stopping_where_nothing_ever_ran_makes_nothing(home):
    assert not server_of(home).stop()
    assert list(home.iterdir()) == []


def test_a_forked_child_that_ends_does_not_stop_its_parents_server(home):
    server = server_of(home)
    conninfo = server.join()
    child = os.fork()
    if child == 0:
        server.leave()
        os._exit(0)
    os.waitpid(child, 0)
    assert one(conninfo, "SELECT 1") == 1
    server.leave()


def test_what_was_committed_survives_a_crash_of_the_server(home):
    server = EmbeddedServer(home / "postgres")
    one(server.join(), "CREATE TABLE survives (id int)")
    os.kill(server.status().pid, signal.SIGKILL)
    with open_server(home, None) as conninfo:
        assert one(conninfo, "SELECT count(*) FROM survives") == 0
    server.leave()


def test_a_server_that_dies_between_being_found_and_being_used_is_started_again(home, monkeypatch):
    sign_in, server = Access.ensure_login, server_of(home)

    def too_late(access, socket, *, fresh):
        monkeypatch.setattr(Access, "ensure_login", sign_in)
        os.kill(server.status().pid, signal.SIGKILL)
        until(lambda: not server.status().running)
        return sign_in(access, socket, fresh=fresh)

    with open_server(home, None, fast=True):
        monkeypatch.setattr(Access, "ensure_login", too_late)
        with open_server(home, None, fast=True) as conninfo:
            assert one(conninfo, "SELECT 1") == 1


def test_a_backend_that_outlives_a_crash_is_waited_for(home):
    server = server_of(home)
    conninfo = server.join()
    busy = psycopg.connect(conninfo, autocommit=True)
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 5000000)")
    until(lambda: one(conninfo, f"SELECT state = 'active' FROM pg_stat_activity WHERE pid = {busy.info.backend_pid}"))
    os.kill(server.status().pid, signal.SIGKILL)
    assert one(server_of(home).join(), "SELECT 1") == 1
    busy.close()


def stale_pid_file(home: Path, pid: int) -> Path:
    """The lock files of a server that died, with a pid that another program has by now."""
    server = server_of(home)
    server.join()
    old = server.status()
    files = {path: path.read_text() for path in (old.data / "postmaster.pid", old.data / ".s.PGSQL.5432.lock")}
    server.leave()
    for path, text in files.items():
        path.write_text(text.replace(str(old.pid), str(pid), 1))
        os.chown(path, old.data.stat().st_uid, old.data.stat().st_gid)
        path.chmod(0o600)
    return old.data


def test_a_pid_that_went_to_another_program_is_not_taken_for_the_server(home):
    # The server's own account must be able to signal it, or PostgreSQL itself would see through this.
    owner = {} if os.geteuid() else {"user": "nobody", "group": "nogroup", "extra_groups": []}
    with subprocess.Popen(["sleep", "60"], **owner) as other:
        data = stale_pid_file(home, other.pid)
        assert find_postmaster(data) is None
        with open_server(home, None, fast=True) as conninfo:
            assert one(conninfo, "SELECT 1") == 1
        assert other.poll() is None
        other.kill()


def test_an_empty_pid_file_does_not_stop_the_next_start(home):
    data = stale_pid_file(home, 1)
    for path in (data / "postmaster.pid", data / ".s.PGSQL.5432.lock"):
        path.write_text("")
    with open_server(home, None, fast=True) as conninfo:
        assert one(conninfo, "SELECT 1") == 1


def test_data_of_another_major_version_is_explained_and_left_alone(home):
    with open_server(home, None, fast=True):
        pass
    version = home / "postgres" / "data" / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(WrongDataVersion, match="made by PostgreSQL 16") as caught, open_server(home, None):
        pass
    assert isinstance(caught.value, WrongServerVersion)
    assert "klods db backup" in caught.value.advice
    assert version.read_text() == "16\n"


def test_a_folder_that_holds_something_else_is_not_overwritten(home):
    thesis = home / "postgres" / "data" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("years of work")
    with pytest.raises(ServerFailed, match="not a data folder"), open_server(home, None):
        pass
    assert thesis.read_text() == "years of work"


def test_a_start_that_fails_shows_what_the_server_wrote(home):
    with open_server(home, None, fast=True):
        pass
    with (home / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("\nwork_mem = plenty\n")
    with pytest.raises(ServerFailed, match=r'work_mem.*"plenty"'), open_server(home, None, fast=True):
        pass
    assert not server_of(home).status().users


def test_a_keep_needs_a_running_server(home):
    server = server_of(home)
    server.join()
    server.leave()
    with pytest.raises(ServerFailed, match="not running"):
        server.keep()
    assert not (home / "postgres" / KEPT).exists()


def test_leaving_is_quiet_when_somebody_deleted_the_home_meanwhile(home):
    with open_server(home, None, fast=True):
        os.kill(server_of(home).status().pid, signal.SIGKILL)
        shutil.rmtree(home / "postgres")
    assert list(home.iterdir()) == []
