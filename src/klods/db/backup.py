"""Backups: one file with the whole database, brought back whole or not at all."""

import os
import re
import shutil
from contextlib import suppress
from itertools import islice
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import NamedTemporaryFile, TemporaryFile, mkstemp
from typing import IO, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from klods.db.embedded.launch import run
from klods.db.programs import call, find_program
from klods.errors import BackupFailed, InUse, InvalidBackup, KlodsError, NotEmpty

FILLED = """
    SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema'))
        OR EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public')
        OR EXISTS (SELECT FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public')
        OR EXISTS (SELECT FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace WHERE nspname = 'public')
"""
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
NAME = r'("(?:[^"\n]|"")+"|[a-z_]\w*)'
OWNERS = re.compile(rf"^ALTER (?:[^\n]* OWNER TO|DEFAULT PRIVILEGES FOR ROLE) {NAME}[ ;]", re.MULTILINE)
GRANTEES = re.compile(rf"^(?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) [^\n]* (?:TO|FROM) {NAME}[ ;]", re.MULTILINE)
MAKE_ROLE = sql.SQL("CREATE ROLE {0} NOLOGIN; GRANT {0} TO CURRENT_USER;")
MAY_CREATE = sql.SQL("GRANT CREATE ON SCHEMA public TO {};")
SINCE_17 = b"SET transaction_timeout = 0;"
HEAD = 40
"""Lines in which programs of PostgreSQL 17 and later set what older servers do not know."""


def back_up(conninfo: str, file: Path) -> int:
    """Write the database to the file, which is replaced once all is written; returns its size in bytes."""
    try:
        descriptor, name = mkstemp(prefix=f".{file.name}-", dir=file.absolute().parent)
        draft = Path(name)
        try:
            _dump(conninfo, draft)
            os.fsync(descriptor)
            return draft.replace(file).stat().st_size
        finally:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BackupFailed(reason=f"{file}: {error.strerror}") from None


def restore(conninfo: str, file: Path, *, replace: bool = False) -> None:
    """Bring the backup back, into an empty database or, with ``replace``, in the place of everything there.

    A broken backup changes nothing: an empty database is filled in one transaction, another one is exchanged by name.
    Roles are the server's, so no backup holds them: those that own what is in it are made when they are missing.
    """
    if not file.is_file():
        raise InvalidBackup(file=str(file), reason="there is no such file")
    script = _read(conninfo, file)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        name = connection.info.dbname
        filled = _one(connection, FILLED)
        if filled and not replace:
            raise NotEmpty(database=name)
        if filled and _one(connection, OTHERS):
            raise InUse(what=f"The database {name}", who="other connections; stop `klods serve` first")
    if filled:
        _exchange(conninfo, file, script)
    else:
        _fill(conninfo, file, script)


def _dump(conninfo: str, draft: Path) -> None:
    done = call("pg_dump", conninfo, "--format=custom", f"--file={draft}").run()
    if done.returncode:
        raise BackupFailed(reason=done.stderr.strip())


def _read(conninfo: str, file: Path) -> str:
    """The SQL of the backup without its rows."""
    done = run([find_program("pg_restore", conninfo), "--schema-only", "--file=-", str(file.absolute())])
    if done.returncode:
        raise InvalidBackup(file=str(file), reason=done.stderr.strip())
    return done.stdout


def _fill(conninfo: str, file: Path, script: str) -> None:
    """Run the whole backup through psql in one transaction, which is committed only when the last byte was read."""
    psql = call("psql", conninfo, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
    prelude = _prelude(conninfo, script)
    with NamedTemporaryFile("w", suffix=".list") as wanted, TemporaryFile() as said:
        wanted.write(_ours(conninfo, file))
        wanted.flush()
        words = [find_program("pg_restore", conninfo), f"--use-list={wanted.name}", "--file=-", str(file.absolute())]
        with (
            Popen(words, stdin=DEVNULL, stdout=PIPE, stderr=said) as reader,
            Popen(psql.words, stdin=PIPE, stdout=DEVNULL, stderr=said, env=psql.environment) as writer,
            suppress(BrokenPipeError),
        ):
            _pass_on(prelude, reader, writer)
        if reader.returncode or writer.returncode:
            said.seek(0)
            raise InvalidBackup(file=str(file), reason=said.read().decode("utf-8", "replace").strip())


def _ours(conninfo: str, file: Path) -> str:
    """What is in the backup, without the rights to functions of the server: those its superuser gives and takes."""
    listed = run([find_program("pg_restore", conninfo), "--list", str(file.absolute())])
    if listed.returncode:
        raise InvalidBackup(file=str(file), reason=listed.stderr.strip())
    return "".join(line for line in listed.stdout.splitlines(keepends=True) if " ACL pg_catalog " not in line)


def _pass_on(prelude: str, reader: Popen[bytes], writer: Popen[bytes]) -> None:
    source, target = cast("IO[bytes]", reader.stdout), cast("IO[bytes]", writer.stdin)
    with target, source:
        target.write(prelude.encode())
        for line in islice(source, HEAD):
            if line.strip() != SINCE_17:
                target.write(line)
        shutil.copyfileobj(source, target)
        if reader.wait() == 0:
            target.write(b"\nCOMMIT;\n")


def _prelude(conninfo: str, script: str) -> str:
    """The begin of the transaction, and what pg_restore takes for granted or does too late."""
    owners, others = _roles(OWNERS, script), _roles(GRANTEES, script)
    with psycopg.connect(conninfo) as connection:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        owners -= {connection.info.user}
    statements = [
        *(MAKE_ROLE.format(sql.Identifier(role)) for role in sorted((owners | others) - known)),
        *(MAY_CREATE.format(sql.Identifier(role)) for role in sorted(owners)),
    ]
    return "\n".join(["BEGIN;", *(statement.as_string() for statement in statements), ""])


def _exchange(conninfo: str, file: Path, script: str) -> None:
    """Fill a new database, then give it the old one's name in one transaction."""
    name = str(conninfo_to_dict(conninfo)["dbname"])
    fresh, old = f"{name[:40]}__restoring", f"{name[:40]}__replaced"
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as connection:
        try:
            for leftover in (fresh, old):
                _drop(connection, leftover)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(fresh)))
            _fill(make_conninfo(conninfo, dbname=fresh), file, script)
            _swap(connection, name, fresh, old)
        except (KlodsError, psycopg.Error):
            _drop(connection, fresh)
            raise
        _drop(connection, old)


def _swap(connection: psycopg.Connection, name: str, fresh: str, old: str) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    try:
        with connection.transaction():
            connection.execute(rename.format(sql.Identifier(name), sql.Identifier(old)))
            connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
    except psycopg.errors.ObjectInUse:
        raise InUse(what=f"The database {name}", who="connections that came while it was restored") from None


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _roles(pattern: re.Pattern[str], script: str) -> set[str]:
    names = {name[1:-1].replace('""', '"') if name.startswith('"') else name for name in pattern.findall(script)}
    return {name for name in names if not name.startswith("pg_")}


def _one(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None
