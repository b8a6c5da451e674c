"""Who can get at the embedded server: nobody who does not own it."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from klods.db.embedded.access import Access
from klods.db.server import open_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def conninfo(home):
    with open_server(home, None, fast=True) as opened:
        yield opened


def passwords(home: Path) -> list[str]:
    return [Access(home / "postgres").password(user) for user in ("postgres", "klods_host")]


def command_lines() -> str:
    return "\n".join(
        path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    )


def test_no_password_is_in_the_conninfo_the_log_or_a_process_list(home, conninfo):
    with psycopg.connect(conninfo):
        places = [conninfo, (home / "postgres" / "server.log").read_text(), command_lines()]
    assert not any(password in place for password in passwords(home) for place in places)


def test_the_password_files_are_for_their_owner_only(home, conninfo):
    files = [home / "postgres" / f"{user}.password" for user in ("postgres", "klods_host")]
    assert [oct(file.stat().st_mode & 0o777) for file in files] == ["0o600", "0o600"]
    assert {file.stat().st_uid for file in files} == {os.geteuid()}


def test_a_wrong_password_is_refused_even_for_the_owner_of_the_server(home, conninfo, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("*:*:*:*:guessed\n")
    wrong.chmod(0o600)
    for user in ("postgres", "klods_host"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(make_conninfo(conninfo, user=user, passfile=str(wrong)))


def test_it_trusts_nobody_and_listens_on_no_network(home, conninfo):
    superuser = make_conninfo(conninfo, user="postgres", passfile=str(home / "postgres" / "postgres.password"))
    with psycopg.connect(superuser) as connection:
        methods = connection.execute("SELECT DISTINCT type, auth_method FROM pg_hba_file_rules").fetchall()
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert set(methods) == {("local", "scram-sha-256"), ("host", "reject")}


def test_the_hosts_login_owns_its_database_and_is_no_superuser(conninfo):
    with psycopg.connect(conninfo) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,"
            " (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database())"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert rights == (False, True, True, False, False, "klods_host")


def test_it_sorts_by_code_point_and_counts_time_in_utc(conninfo):
    with psycopg.connect(conninfo) as connection:
        settings = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('TimeZone'), datlocprovider::text, datlocale"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert settings == ("UTF8", "UTC", "b", "C.UTF-8")


@AS_ROOT
def test_another_user_reaches_neither_socket_nor_files(home, conninfo):
    socket = conninfo_to_dict(conninfo)["host"]
    stranger = pwd.getpwnam("daemon")
    look = f"ls {socket} || cat {home}/postgres/klods_host.password || ls {home}/postgres"
    tried = subprocess.run(
        ["/bin/sh", "-c", look],
        check=False,
        user=stranger.pw_uid,
        group=stranger.pw_gid,
        extra_groups=[],
        capture_output=True,
    )
    assert tried.returncode != 0
    assert tried.stdout == b""


@AS_ROOT
def test_another_user_cannot_sign_in_with_psql(home, conninfo):
    from klods.db.embedded.binaries import find_binaries

    stranger = pwd.getpwnam("daemon")
    tried = subprocess.run(
        [find_binaries().program("psql"), make_conninfo(conninfo, user="postgres"), "-wc", "select 1"],
        check=False, user=stranger.pw_uid, group=stranger.pw_gid, extra_groups=[], capture_output=True, text=True,
    )  # fmt: skip
    assert tried.returncode == 2
    assert "Permission denied" in tried.stderr
