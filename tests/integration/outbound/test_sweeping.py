"""What a hub removes when it starts, and what it leaves to whom it belongs."""

import os
import time

import pytest
from pydantic import SecretStr

from klods.bootstrap import build
from klods.cli.serve import open_hub
from klods.db.database import Database
from klods.db.holdings.tables import ModuleTables
from klods.db.scope import Scope, ScopeKind, enter
from klods.db.stores import StateRows
from klods.kernel.holdings import Holder
from klods.outbound import files
from klods.outbound.blobs import DiskBlobs
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


def test_files_go_the_way_of_the_tables_of_their_module(tmp_path, host_database):
    with Database(host_database) as database:
        database.blobs = DiskBlobs(tmp_path / "home" / "files")
        write_and_undo(database)
        tables, shop = ModuleTables(database), Holder("shop", "shop_")
        (files,) = tables.held(shop)
        assert (files.name, files.rows) == ("stored files", 1)
        assert tables.held(Holder("other", "other_")) is None
        with StateRows(database).change() as change:
            number = change.set_aside(shop)
        assert tables.held(shop) is None
        assert [archive.tables for archive in tables.archives("shop")] == [(files,)]
        with StateRows(database).change() as change:
            change.bring_back("shop", number)
        assert tables.held(shop) == (files,)
        with StateRows(database).change() as change:
            change.discard("shop", change.set_aside(shop))
        with database.connection() as connection:
            assert connection.execute("select from klods.stored_file").fetchall() == []
