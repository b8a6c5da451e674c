"""`klods.files`: rows in the unit, contents on disk, and nothing of what was undone."""

# ruff: noqa: PT012 — what is tested here is what a block that fails leaves behind

import os
import time
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from support.isolated import install, isolated, working
from support.migrating import module_of

from klods.db.crossing import api
from klods.db.database import Database
from klods.db.scope import current_scope, enter, scope
from klods.db.statements import savepoint
from klods.db.stored_files import hub_id, known_contents
from klods.errors import (
    CannotWrite,
    FileLost,
    FileTooLarge,
    InvalidPath,
    NoScope,
    NoSuchFile,
    ReadOnlyModule,
)
from klods.kernel.definition import Requirement
from klods.kernel.switches import Switches
from klods.outbound import files
from klods.outbound.blobs import DiskBlobs

__all__ = ["isolated"]

SHOP = {"001_a.sql": "create table shop_items(id int);"}
OTHER = {"001_a.sql": "create table other_items(id int);"}


@pytest.fixture
def blobs(tmp_path):
    return DiskBlobs(tmp_path / "home" / "files", most_bytes=1000)


@pytest.fixture
def hub(isolated, tmp_path, blobs):
    isolated.blobs = blobs
    blobs.take(hub_id(isolated))
    shop, other = module_of(tmp_path, SHOP), module_of(tmp_path, OTHER, "other")
    shop = replace(shop, definition=replace(shop.definition, requires=(Requirement("other"),)))
    for module in (shop, other):
        install(isolated, module)
    isolated.catalog = {"shop": shop, "other": other}
    with psycopg.connect(isolated.conninfo, autocommit=True) as connection:
        connection.execute("insert into klods.platform(id, code, name) values (2, 'second', 'Second')")
    return isolated


@pytest.fixture
def stored(tmp_path):
    """The contents on disk."""
    return lambda: sorted(path.read_bytes() for path in (tmp_path / "home" / "files").glob("*/*") if path.is_file())


def names(database, code="shop", platform=1):
    with working(database, code, platform):
        return [file.name for file in files.list()]


def test_what_is_written_can_be_read_listed_and_deleted(hub):
    with working(hub, "shop"):
        files.write("reports/may.txt", b"may")
        files.write("reports/june.txt", bytearray(b"june"))
        files.write("other.txt", b"")
    with working(hub, "shop"):
        assert files.read("reports/may.txt") == b"may"
        assert files.exists("other.txt")
        assert [(one.name, one.size) for one in files.list("reports/")] == [
            ("reports/june.txt", 4),
            ("reports/may.txt", 3),
        ]
        assert files.list()[0].time.tzinfo is not None
        files.delete("reports/may.txt")
        assert not files.exists("reports/may.txt")
        with pytest.raises(NoSuchFile, match=r"reports/may\.txt"):
            files.read("reports/may.txt")
        with pytest.raises(NoSuchFile):
            files.delete("reports/may.txt")
    assert names(hub) == ["other.txt", "reports/june.txt"]


def test_a_file_is_replaced_as_a_whole(hub):
    with working(hub, "shop"):
        files.write("a", b"before")
    with working(hub, "shop"):
        files.write("a", b"after")
        assert (files.read("a"), len(files.list())) == (b"after", 1)


def test_a_rollback_leaves_everything_as_it_was(hub):
    with working(hub, "shop"):
        files.write("kept", b"before")
        files.write("deleted", b"still here")
    with pytest.raises(ZeroDivisionError), working(hub, "shop"):
        files.write("kept", b"after")
        files.write("new", b"new")
        files.delete("deleted")
        assert files.read("kept") == b"after"
        raise ZeroDivisionError
    with working(hub, "shop"):
        assert (files.read("kept"), files.read("deleted")) == (b"before", b"still here")
    assert names(hub) == ["deleted", "kept"]


def test_so_does_a_savepoint(hub):
    with working(hub, "shop"):
        with pytest.raises(ZeroDivisionError), savepoint():
            files.write("a", b"a")
            raise ZeroDivisionError
        assert files.list() == []


def test_a_dry_run_sees_what_it_wrote_and_leaves_nothing_anywhere(hub, stored):
    with working(hub, "shop"):
        files.write("old", b"old")
    before = stored()
    with working(hub, "shop", dry=True) as dry:
        files.write("new", b"new")
        assert files.read("new") == b"new"
        assert files.read("old") == b"old"
        files.delete("old")
        with pytest.raises(ZeroDivisionError), savepoint():
            files.write("undone", b"undone")
            raise ZeroDivisionError
        assert [one.name for one in files.list()] == ["new"]
    assert stored() == before
    assert names(hub) == ["old"]
    noted = [(one.kind, one.op, one.target, one.size) for one in dry.changes.outgoing]
    assert noted == [("file", "write", "new", 3), ("file", "delete", "old", 3)]
    assert (dry.changes.header, dry.changes.counts) == ("file=2", {})


def test_a_read_only_module_reads_and_does_not_write(hub, stored):
    with working(hub, "shop"):
        files.write("a", b"a")
    with working(hub, "shop", read_only=True):
        assert files.read("a") == b"a"
        with pytest.raises(ReadOnlyModule):
            files.write("b", b"b")
        with pytest.raises(ReadOnlyModule):
            files.delete("a")
    assert stored() == [b"a"]


def test_modules_and_platforms_have_files_of_their_own(hub):
    for code, platform in (("shop", 1), ("shop", 2), ("other", 1)):
        with working(hub, code, platform):
            files.write("same", f"{code} {platform}".encode())
    for code, platform in (("shop", 1), ("shop", 2), ("other", 1)):
        with working(hub, code, platform):
            assert files.read("same") == f"{code} {platform}".encode()
            assert len(files.list()) == 1
    with working(hub, "other", 2):
        assert files.list() == []


@pytest.mark.parametrize("call", [
    "select klods.store_file('other', 'x', repeat('a', 64), 1)",
    "select * from klods.stored_files('other', '')",
    "select * from klods.stored_file('other', 'secret')",
    "select klods.drop_file('other', 'secret')",
    "select klods.calling_module('other', false)",
    "select klods.note_outgoing('{}')",
    "select * from klods.stored_file",
    "delete from klods.stored_file",
    "insert into klods.module_role values ('x', 'shop', true)",
])  # fmt: skip
def test_postgresql_refuses_the_name_of_another_module(hub, call):
    with working(hub, "other"):
        files.write("secret", b"secret")
    with working(hub, "shop") as here, pytest.raises(psycopg.errors.InsufficientPrivilege), savepoint():
        here.unit.run(call)
    assert names(hub, "other") == ["secret"]


def test_the_reader_of_a_module_cannot_write_although_the_transaction_could(hub):
    with working(hub, "shop") as here:
        opening = replace(hub.in_role(replace(here.opening, read_only=True)), read_only=False)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), here.unit.calling(opening):
            here.unit.run("select klods.store_file('shop', 'x', repeat('a', 64), 1)")


def test_the_login_of_modules_is_nobody_without_a_role(hub):
    with hub.unit(replace(current_opening(hub), role="")) as unit:
        pass
    connection = hub._modules.take()
    try:
        connection.execute("begin; set local klods.platform = 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select klods.store_file('shop', 'x', repeat('a', 64), 1)")
        connection.execute("rollback")
    finally:
        hub._modules.give_back(connection, spoiled=True)
    assert unit.ended


def current_opening(database):
    with working(database, "shop") as here:
        return here.opening


def test_without_roles_it_works_by_the_name_of_the_module(host_database, blobs):
    with Database(host_database, pool_size=2) as database:
        database.blobs = blobs
        for code in ("shop", "other"):
            with working(database, code):
                files.write("same", code.encode())
        with working(database, "shop", dry=True) as dry:
            files.write("new", b"new")
            assert files.read("same") == b"shop"
        assert dry.changes.header == "file=1"
        assert names(database, "other") == ["same"]


@pytest.fixture
def of_other():
    def make(function):
        function.__module__ = "klods.modules.other.api"
        return api(function)

    return make


def calling(database, **fields):
    return working(database, "shop", catalog=database.catalog, **fields)


def test_a_module_that_is_called_works_with_its_own_files(hub, of_other):
    @of_other
    def keep():
        files.write("mine", b"of other")
        return files.read("mine").decode()

    with calling(hub):
        files.write("mine", b"of shop")
        assert keep() == "of other"
        assert files.read("mine") == b"of shop"
    assert names(hub, "other") == ["mine"]


def test_a_dry_module_that_a_live_one_calls_leaves_no_file(hub, of_other, stored):
    @of_other
    def keep():
        files.write("mine", b"of other")
        return files.read("mine").decode()

    switches = {"other": Switches(read_only=False, dry_run=True)}
    with calling(hub, switches=lambda code, platform: switches[code]):
        assert keep() == "of other"
        files.write("mine", b"of shop")
    assert (names(hub, "other"), stored()) == ([], [b"of shop"])


def test_a_read_only_module_that_a_live_one_calls_does_not_write(hub, of_other):
    @of_other
    def keep():
        files.write("mine", b"of other")

    held = Switches(read_only=True, dry_run=False)
    with calling(hub, switches=lambda code, platform: held), pytest.raises(ReadOnlyModule, match="other"):
        keep()
    assert names(hub, "other") == []


@pytest.mark.parametrize("path", [
    "", "/etc/passwd", "../secret", "a/../../b", "a/./b", "a//b", "a/", "a\\..\\b", "a\nb", "a\x00b", "x" * 201, "\ud800",
])  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(hub, path, stored):
    with working(hub, "shop"):
        for use in (
            lambda: files.write(path, b"x"),
            lambda: files.read(path),
            lambda: files.exists(path),
            lambda: files.delete(path),
        ):
            with pytest.raises(InvalidPath):
                use()
    assert stored() == []


def test_letters_of_all_languages_may_stand_in_a_path(hub):
    with working(hub, "shop"):
        files.write("отчёты/æøå 100%.pdf", b"x")
        assert [one.name for one in files.list("отчёты/æ")] == ["отчёты/æøå 100%.pdf"]
        assert files.list("отчёты_") == []


def test_a_file_may_not_be_larger_than_the_setting_says(hub, stored):
    with working(hub, "shop"):
        files.write("fits", b"x" * 1000)
        with pytest.raises(FileTooLarge, match="1001 bytes, and 1000 are allowed"):
            files.write("large", b"x" * 1001)
        with pytest.raises(TypeError, match="encode"):
            files.write("text", "text")
    assert len(stored()) == 1


def test_there_are_no_files_without_a_scope(hub):
    with pytest.raises(NoScope):
        files.list()
    with working(hub, "shop") as ended:
        pass
    with enter(ended), pytest.raises(NoScope):
        files.write("a", b"a")
    with enter(ended), scope():
        files.write("a", b"a")
        assert current_scope().platform_id == 1
    assert names(hub) == ["a"]


def test_a_content_that_was_lost_is_named(hub, tmp_path):
    with working(hub, "shop"):
        files.write("a", b"a")
    for path in (tmp_path / "home" / "files").glob("*/*"):
        path.unlink()
    with working(hub, "shop"), pytest.raises(FileLost, match="'a' of shop"):
        files.read("a")


def test_a_disk_that_takes_nothing_is_named(hub, tmp_path):
    hub.blobs = DiskBlobs(tmp_path / "shop")
    (tmp_path / "shop" / "ca").write_bytes(b"in the way")
    with working(hub, "shop"), pytest.raises(CannotWrite):
        files.write("a", b"a")
    assert names(hub) == []


def age(folder, seconds):
    for path in folder.glob("*/*"):
        os.utime(path, (time.time() - seconds,) * 2)


def test_contents_that_belong_to_no_file_are_swept_after_a_day(hub, blobs, stored, tmp_path):
    with working(hub, "shop"):
        files.write("kept", b"kept")
        files.write("again", b"before")
    with working(hub, "shop"):
        files.write("again", b"after")
    with pytest.raises(ZeroDivisionError), working(hub, "shop"):
        files.write("undone", b"undone")
        raise ZeroDivisionError
    in_use = partial(known_contents, hub)
    assert blobs.sweep(in_use) == 0
    age(tmp_path / "home" / "files", 25 * 3600)
    assert blobs.sweep(in_use) == 2
    assert stored() == [b"after", b"kept"]


def test_a_content_that_is_stored_again_is_young(hub, blobs, stored, tmp_path):
    blobs.put(b"a")
    age(tmp_path / "home" / "files", 25 * 3600)
    blobs.put(b"a")
    assert blobs.sweep(lambda names: ()) == 0
    assert stored() == [b"a"]
