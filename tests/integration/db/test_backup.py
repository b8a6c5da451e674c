"""Backups: whole or not at all, in both directions."""

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from klods.db.backup import back_up, restore
from klods.errors import BackupFailed, InUse, InvalidBackup, NotEmpty


@pytest.fixture
def backup(empty_database, tmp_path):
    """A backup of a database with two accounts, from before a third one was added and the first one changed."""
    run(empty_database, "CREATE TABLE account (id int PRIMARY KEY, name text)")
    run(empty_database, "INSERT INTO account VALUES (1, 'Ærø Færgeri'), (2, 'Søn & Co')")
    file = tmp_path / "hub.dump"
    back_up(empty_database, file)
    run(empty_database, "INSERT INTO account VALUES (3, 'later')")
    return file


def run(conninfo, statement):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def accounts(conninfo) -> list[int]:
    return [number for (number,) in run(conninfo, "SELECT id FROM account ORDER BY id")]


def wipe(conninfo) -> None:
    run(conninfo, "DROP TABLE account")


def test_what_was_backed_up_comes_back(empty_database, backup):
    wipe(empty_database)
    restore(empty_database, backup)
    assert run(empty_database, "SELECT name FROM account WHERE id = 1") == [("Ærø Færgeri",)]
    assert accounts(empty_database) == [1, 2]


def test_a_backup_is_for_its_owner_only(backup):
    assert backup.stat().st_mode & 0o777 == 0o600


def test_a_database_that_is_not_empty_is_replaced_only_when_asked(empty_database, backup):
    with pytest.raises(NotEmpty):
        restore(empty_database, backup)
    assert accounts(empty_database) == [1, 2, 3]
    restore(empty_database, backup, replace=True)
    assert accounts(empty_database) == [1, 2]


def test_replacing_leaves_no_other_database_behind(empty_database, backup):
    restore(empty_database, backup, replace=True)
    name = conninfo_to_dict(empty_database)["dbname"]
    assert run(empty_database, f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%'") == [(name,)]


@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("empty", [True, False])
def test_a_backup_that_was_cut_off_changes_nothing(empty_database, backup, share, empty):
    whole = backup.read_bytes()
    backup.write_bytes(whole[: int(len(whole) * share)])
    if empty:
        wipe(empty_database)
    with pytest.raises(InvalidBackup):
        restore(empty_database, backup, replace=not empty)
    tables = run(empty_database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    assert tables == [(0,)] if empty else accounts(empty_database) == [1, 2, 3]


def test_a_file_that_is_no_backup_is_refused(empty_database, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear Sirs")
    with pytest.raises(InvalidBackup, match="archive"):
        restore(empty_database, tmp_path / "letter.txt")
    with pytest.raises(InvalidBackup, match="no such file"):
        restore(empty_database, tmp_path / "missing")


def test_a_database_in_use_is_not_replaced(empty_database, backup):
    with psycopg.connect(empty_database), pytest.raises(InUse):
        restore(empty_database, backup, replace=True)
    assert accounts(empty_database) == [1, 2, 3]


def test_a_failed_backup_leaves_the_earlier_one(empty_database, backup):
    before = backup.read_bytes()
    run(empty_database, "CREATE TABLE locked (id int)")
    run(empty_database, "ALTER TABLE locked ENABLE ROW LEVEL SECURITY")
    run(empty_database, "ALTER TABLE locked FORCE ROW LEVEL SECURITY")
    with pytest.raises(BackupFailed, match="row-level security"):
        back_up(empty_database, backup)
    assert backup.read_bytes() == before
    assert list(backup.parent.iterdir()) == [backup]


def test_a_backup_into_a_folder_that_is_not_there_says_so(empty_database, tmp_path):
    with pytest.raises(BackupFailed, match="No such file or directory"):
        back_up(empty_database, tmp_path / "missing" / "hub.dump")


def test_roles_that_own_tables_come_back_on_a_server_without_them(empty_database, tmp_path):
    role = f"{conninfo_to_dict(empty_database)['dbname']}__shop"
    reader = f"{role}__ro"
    for name in (role, reader):
        run(empty_database, sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    run(empty_database, sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    run(empty_database, "CREATE TABLE shop_item (id int)")
    run(empty_database, sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(sql.Identifier(role)))
    run(empty_database, sql.SQL("ALTER TABLE shop_item OWNER TO {}").format(sql.Identifier(role)))
    run(empty_database, sql.SQL("GRANT SELECT ON shop_item TO {}").format(sql.Identifier(reader)))
    back_up(empty_database, tmp_path / "hub.dump")
    run(empty_database, "DROP TABLE shop_item")
    for name in (role, reader):
        run(
            empty_database,
            sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)) if name == role else "SELECT 1",
        )
        run(empty_database, sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
    restore(empty_database, tmp_path / "hub.dump")
    owner, reads = run(
        empty_database,
        f"SELECT pg_get_userbyid(relowner), has_table_privilege('{reader}', oid, 'SELECT')"
        " FROM pg_class WHERE relname = 'shop_item'",
    )[0]
    assert (owner, reads) == (role, True)
