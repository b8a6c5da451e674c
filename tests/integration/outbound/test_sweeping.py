"""What a hub removes when it starts, and what it leaves to whom it belongs."""

import os
import time

import pytest
from pydantic import SecretStr

from klods.bootstrap import build
from klods.cli.serve import open_hub
from klods.db.database import Database
from klods.db.scope import Scope, ScopeKind, enter
from klods.outbound import files
from klods.settings import Settings
from klods.testing.databases import copied


@pytest.fixture
def settings(tmp_path, host_database):
    return settings_of(tmp_path, host_database)


def settings_of(folder, conninfo):
    return Settings(
        _env_file=None, home=folder / "home", modules_dir=folder / "modules", database_url=SecretStr(conninfo)
    )


def write_and_undo(database):
    for name, keep in (("kept", True), ("undone", False)):
        scope = Scope(database, "shop", kind=ScopeKind.COMMAND)
        with enter(scope):
            files.write(name, name.encode())
        scope.end(keep=keep)


def contents(tmp_path, *, age=0.0):
    found = [path for path in (tmp_path / "home" / "files").glob("*/*") if path.is_file()]
    for path in found:
        os.utime(path, (time.time() - age,) * 2)
    return sorted(path.read_text() for path in found)


def test_a_hub_that_is_served_removes_contents_that_nobody_kept_and_only_after_a_day(tmp_path, settings, capsys):
    with build(settings) as klods:
        with Database(klods.database.conninfo) as plain:
            plain.blobs = klods.blobs
            write_and_undo(plain)
        open_hub(klods, "http://127.0.0.1:1")
        assert contents(tmp_path, age=25 * 3600) == ["kept", "undone"]
        open_hub(klods, "http://127.0.0.1:1")
        assert contents(tmp_path) == ["kept"]


def test_another_database_says_nothing_about_the_files_of_this_one(
    tmp_path, settings, postgres_server, host_template, caplog
):
    with build(settings) as klods, Database(klods.database.conninfo) as plain:
        plain.blobs = klods.blobs
        write_and_undo(plain)
    contents(tmp_path, age=25 * 3600)
    with (
        copied(postgres_server, host_template) as other,
        Database(other) as database,
        database.connection() as connection,
    ):
        connection.execute("update klods.hub set id = gen_random_uuid()")
        with build(settings_of(tmp_path, other)) as stranger:
            assert stranger.sweep_files() == 0
    assert contents(tmp_path, age=25 * 3600) == ["kept", "undone"]
    assert "belongs to another hub" in caplog.text
    with build(settings) as klods:
        assert klods.sweep_files() == 1


def test_files_of_a_module_that_is_dropped_are_forgotten_and_those_of_others_are_not(tmp_path, host_database):
    from klods.db.holdings.tables import ModuleTables
    from klods.db.stores import StateRows
    from klods.outbound.blobs import DiskBlobs

    with Database(host_database) as database:
        database.blobs = DiskBlobs(tmp_path / "home" / "files")
        write_and_undo(database)
        held = ModuleTables(database)
        assert (held.files("shop"), held.files("other")) == (1, 0)
        with StateRows(database).change() as change:
            change.forget_files("other")
        assert held.files("shop") == 1
        with StateRows(database).change() as change:
            change.forget_files("shop")
        assert held.files("shop") == 0
