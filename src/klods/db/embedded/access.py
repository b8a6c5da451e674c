"""How the host signs in: random passwords in files of our own, told to libpq by name and so never shown."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from klods.db.embedded.postmaster import PORT

SUPERUSER = "postgres"
LOGIN = "klods_host"
DATABASE = "klods"


@dataclass(frozen=True, slots=True)
class Access:
    """The password files of one server; `base` is closed to others."""

    base: Path

    def conninfo(self, socket: Path, user: str = LOGIN, database: str = DATABASE) -> str:
        """How to connect; names the password file, so that the password itself is in no log and no process list."""
        return make_conninfo(host=str(socket), port=PORT, user=user, dbname=database, passfile=str(self._file(user)))

    def password(self, user: str) -> str:
        """The password of the user, made at the first call."""
        path = self._file(user)
        if not path.exists():
            write_private(path, f"*:*:*:{user}:{secrets.token_hex(24)}\n")
        return path.read_text("ascii").strip().rpartition(":")[2]

    def ensure_login(self, socket: Path) -> str:
        """The conninfo of the host's login, which is made, with its database, where that has not happened yet."""
        conninfo = self.conninfo(socket)
        self.password(LOGIN)
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            with psycopg.connect(self.conninfo(socket, SUPERUSER, SUPERUSER), autocommit=True) as connection:
                self._make_login(connection)
            psycopg.connect(conninfo).close()
        return conninfo

    def _make_login(self, connection: psycopg.Connection) -> None:
        # The server gets a verifier, because it may write a failing statement into its log.
        verifier = connection.pgconn.encrypt_password(self.password(LOGIN).encode(), LOGIN.encode(), b"scram-sha-256")
        login = sql.Identifier(LOGIN)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {}").format(login))
        options = sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOREPLICATION NOBYPASSRLS CREATEROLE CREATEDB PASSWORD {}")
        connection.execute(options.format(login, sql.Literal(verifier.decode())))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), login))

    def _file(self, user: str) -> Path:
        return self.base / f"{user}.password"


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    draft = path.with_name(f"new-{path.name}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
